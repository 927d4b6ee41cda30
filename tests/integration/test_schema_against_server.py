"""Whether the schema judgement is that of a real API server: dry runs with strict field validation.

Needs a kube-apiserver 1.36 that the variable GG_KUBE_APISERVER names, etcd and openssl.
"""

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.schema import Verdict, validate

pytestmark = pytest.mark.real

Object = dict[str, Any]
TOKEN = "oracle"
PATHS = {
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "CSIDriver": "/apis/storage.k8s.io/v1/csidrivers",
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "Deployment": "/apis/apps/v1/namespaces/default/deployments",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
    "Event": "/api/v1/namespaces/default/events",
    "Job": "/apis/batch/v1/namespaces/default/jobs",
    "LimitRange": "/api/v1/namespaces/default/limitranges",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
    "PersistentVolume": "/api/v1/persistentvolumes",
    "Pod": "/api/v1/namespaces/default/pods",
    "Secret": "/api/v1/namespaces/default/secrets",
    "Service": "/api/v1/namespaces/default/services",
}


class Server:
    """A kube-apiserver that answers dry runs."""

    def __init__(self, port: int) -> None:
        self.url = f"https://127.0.0.1:{port}"
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE  # it signs its own certificate, on loopback

    def ready(self) -> bool:
        try:
            return self._status("/readyz", None)[0] == 200
        except OSError:
            return False

    def dry_run(self, value: Object) -> tuple[int, str]:
        """The status (201: accepted) and the message."""
        return self._status(f"{PATHS[value['kind']]}?dryRun=All&fieldValidation=Strict", json.dumps(value).encode())

    def _status(self, path: str, body: bytes | None) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, headers=headers)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=20) as answer:  # noqa: S310 - loopback
                return answer.status, ""
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    binary = os.environ.get("GG_KUBE_APISERVER", "")
    missing = [name for name in ("etcd", "openssl") if shutil.which(name) is None]
    if not binary or missing:
        pytest.skip("no real API server: " + ", ".join(missing or ["GG_KUBE_APISERVER is not set"]))
    folder = tmp_path_factory.mktemp("server")
    etcd, peer, port = free_port(), free_port(), free_port()
    key = folder / "key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    (folder / "tokens.csv").write_text(f"{TOKEN},admin,1,system:masters\n")
    store = f"http://127.0.0.1:{etcd}"
    commands: list[list[str | Path]] = [
        [
            *("etcd", "--data-dir", folder / "etcd", "--listen-client-urls", store, "--advertise-client-urls", store),
            *("--listen-peer-urls", f"http://127.0.0.1:{peer}"),
        ],
        [
            *(binary, f"--etcd-servers={store}", f"--secure-port={port}", f"--cert-dir={folder}/certs"),
            *("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--authorization-mode=RBAC"),
            *(f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}"),
            *("--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.0.0.0/16"),
            *(f"--token-auth-file={folder}/tokens.csv", "--allow-privileged=true"),
            "--disable-admission-plugins=ServiceAccount,NamespaceLifecycle",
        ],
    ]
    with (folder / "log").open("wb") as log:
        processes = [subprocess.Popen(command, stdout=log, stderr=log) for command in commands]
        try:
            found = Server(port)
            deadline = time.monotonic() + 60
            while not found.ready():
                assert time.monotonic() < deadline, (folder / "log").read_text()[-2000:]
                time.sleep(0.2)
            yield found
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait(20)


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
def test_what_the_server_accepts_is_valid(server: Server, name: str) -> None:
    assert server.dry_run(ACCEPTED[name]) == (201, "")
    assert validate(ACCEPTED[name], "1.36") == Verdict("valid")


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_server_refuses_is_invalid(server: Server, name: str) -> None:
    status, _ = server.dry_run(REFUSED[name])
    assert status in (400, 422)
    assert validate(REFUSED[name], "1.36").state == "invalid"
