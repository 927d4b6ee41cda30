"""Whether the schema judgement is that of a real API server: dry runs with strict field validation.

Needs a kube-apiserver 1.36 that the variable GG_KUBE_APISERVER names, etcd and openssl.
"""

from typing import Any

import pytest

from api_server import Server
from gitops_guard.schema import Verdict, validate

pytestmark = pytest.mark.real

Object = dict[str, Any]


def made(api_version: str, kind: str, **rest: object) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web.example.org"}, **rest}


def pod_spec(**container: object) -> Object:
    return {"containers": [{"name": "web", "image": "nginx:1.29", **container}]}


def pod(**container: object) -> Object:
    return made("v1", "Pod", spec=pod_spec(**container))


def pod_with(**spec: object) -> Object:
    return made("v1", "Pod", spec=pod_spec() | spec)


def volume(**source: object) -> Object:
    return pod_with(volumes=[{"name": "data", **source}])


def deployment(**spec: object) -> Object:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec()}
    return made(
        "apps/v1", "Deployment", spec={"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec}
    )


def service(port: object) -> Object:
    ports = [{"port": 80, "targetPort": port}]
    return made("v1", "Service", spec={"ports": ports}) | {"metadata": {"name": "web"}}


def memory(quantity: object) -> Object:
    return pod(resources={"limits": {"memory": quantity}})


def definition(**version: object) -> Object:
    any_object = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": any_object, **version}]
    spec = {"group": "example.org", "scope": "Cluster", "names": {"plural": "web", "kind": "Web"}, "versions": versions}
    second = {"name": "v2", "served": True, "schema": any_object}
    versions.append(second)
    return made("apiextensions.k8s.io/v1", "CustomResourceDefinition", spec=spec)


def job(**policy: object) -> Object:
    template = {"spec": pod_spec() | {"restartPolicy": "Never"}}
    return made("batch/v1", "Job", spec={"template": template, "podFailurePolicy": policy})


def event() -> Object:
    value = made("v1", "Event", reason="Test")
    value["metadata"]["namespace"] = "default"
    return value


def slice_with(**hints: object) -> Object:
    endpoint = {"addresses": ["10.0.0.1"], "hints": hints}
    return made("discovery.k8s.io/v1", "EndpointSlice", addressType="IPv4", endpoints=[endpoint], ports=[{"port": 80}])


ISCSI = {"targetPortal": "10.0.0.1", "iqn": "iqn.2001-04.com.example:storage.disk"}
PREFERENCE = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}}
SCALE_IO = {"gateway": "https://a", "system": "s", "volumeName": "v"}
TRUST = {"sources": [{"clusterTrustBundle": {"name": "a"}}]}

ACCEPTED = {
    "pod": pod(),
    "deployment": deployment(replicas=2),
    "network policy": made(
        "networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "policyTypes": ["Ingress"]}
    ),
    "restricted security context": pod(
        securityContext={
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    ),
    "null for a scalar": deployment(replicas=None),
    "null for an object": pod(securityContext=None),
    "null in a list": pod(args=[None]),
    "null for a port": service(None),
    "port as a name": service("http"),
    "quantity as a number": memory(1.5e9),
    "quantity with an exponent": memory("1e9"),
    "quantity in exa": memory("1E"),
    "signed quantity": memory("+1.Gi"),
    "quantity between spaces": memory(" 1Gi "),
    "null for a quantity": memory(None),
    "binary data as a list": made("v1", "Secret", data={"a": [104, 105]}),
    "binary data in lines": made("v1", "Secret", data={"a": "aHVu\ndGVyMg=="}),
    "binary data with spare bits": made("v1", "Secret", data={"a": "aGl="}),
    "header without value": pod(livenessProbe={"httpGet": {"port": 80, "httpHeaders": [{"name": "X-Probe"}]}}),
    "sleep of no time": pod(lifecycle={"preStop": {"sleep": {}}}),
    "sysctl without value": pod_with(securityContext={"sysctls": [{"name": "kernel.shm_rmid_forced"}]}),
    "term without preference": pod_with(affinity=PREFERENCE),
    "iscsi without lun": volume(iscsi=ISCSI),
    "persistent iscsi without lun": made(
        "v1",
        "PersistentVolume",
        spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "iscsi": ISCSI},
    ),
    "scaleIO without secret": volume(scaleIO=SCALE_IO),
    "trust bundle without path": volume(projected=TRUST),
    "policy without rules": job(),
    "limits without any": made("v1", "LimitRange"),
    "null limits": made("v1", "LimitRange", spec={"limits": None}),
    "driver without spec": made("storage.k8s.io/v1", "CSIDriver"),
    "token for no audience": made("storage.k8s.io/v1", "CSIDriver", spec={"tokenRequests": [{}]}),
    "version that is not stored": definition(),
    "version that is not served": definition(served=None),
    "zone without name": slice_with(forZones=[{}]),
    "event about nothing": event(),
}
REFUSED = {
    "node without name": slice_with(forNodes=[{}]),
    "unknown field": pod(securtyContext={}),
    "unknown field at the root": pod() | {"specs": {}},
    "no containers": made("v1", "Pod", spec={}),
    "no name of a container": pod(name=None),
    "string for a number": deployment(replicas="2"),
    "boolean for a number": deployment(replicas=True),
    "too large for 32 bits": deployment(replicas=1 << 31),
    "too large for 64 bits": pod(securityContext={"runAsUser": 1 << 63}),
    "number for a string": pod(env=[{"name": "A", "value": 1}]),
    "object for a list": pod(args={}),
    "list for an object": pod(resources=[]),
    "port beyond 32 bits": service(1 << 31),
    "boolean for a port": service(port=True),
    "no quantity": memory("much"),
    "unknown suffix": memory("1K"),
    "empty quantity": memory(""),
    "quantity and a line break": memory("1Gi\n"),
    "half an exponent": memory("1e"),
    "no base64": made("v1", "Secret", data={"a": "hunter2!"}),
    "base64 without its end": made("v1", "Secret", data={"a": "aGk"}),
    "number for a verb": made("rbac.authorization.k8s.io/v1", "ClusterRole", rules=[{"verbs": [1]}]),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_the_server_accepts_is_valid(api_server: Server, name: str) -> None:
    assert api_server.dry_run(ACCEPTED[name]) == (201, "")
    assert validate(ACCEPTED[name], "1.36") == Verdict("valid")


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_server_refuses_is_invalid(api_server: Server, name: str) -> None:
    status, _ = api_server.dry_run(REFUSED[name])
    assert status in (400, 422)
    assert validate(REFUSED[name], "1.36").state == "invalid"
