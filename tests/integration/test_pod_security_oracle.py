"""Whether Pod Security is claimed exactly as Kubernetes' own admission library decides, version by version.

Needs a program that the variable GG_PSA_ORACLE names: it reads file names, and prints for each workload a line with
file, document, kind, namespace, name, level and check (`-` for none) that the library gives for `-minor N`.
"""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops_guard.engine import RuleSet, rule_set, scan_yaml
from gitops_guard.model.workload import POD_SECURITY_KINDS
from gitops_guard.rule import RuleContext
from gitops_guard.rules.pod import POD
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.yaml import Stream, parse

pytestmark = pytest.mark.real

Object = dict[str, Any]
Verdicts = set[tuple[str, str, str, str]]
"""Kind, namespace, name and control."""

RULES: RuleSet = rule_set(POD)
MINORS = range(23, 38)
"""From the first version with Pod Security admission on by default to the newest that the library knows."""

CAPABILITIES: tuple[object, ...] = (
    None, {}, [], "ALL", {"add": None}, {"add": []}, {"add": "CHOWN"}, {"add": [None]}, {"add": [""]}, {"add": [1]},
    {"add": ["ALL"]}, {"add": ["NET_RAW"]}, {"add": ["CAP_CHOWN"]}, {"add": ["chown"]}, {"add": ["NET_BIND_SERVICE"]},
    {"add": ["NET_BIND_SERVICE", "SYS_ADMIN", "CHOWN"]}, {"drop": None}, {"drop": [None]}, {"drop": ["all"]},
    {"drop": ["NET_RAW"]}, {"drop": ["NET_RAW", "ALL"]}, {"drop": ["ALL"], "add": ["ALL"]}, {"drop": [True]},
    {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}, {"drop": ["ALL"], "add": [None]}, {"drop": "ALL"},
    *({"drop": ["ALL"], "add": [name]} for name in (
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "SETFCAP", "SETGID", "SETPCAP",
        "SETUID", "SYS_CHROOT", "SYS_PTRACE", "BPF",
    )),
)  # fmt: skip
FLAGS: tuple[object, ...] = (None, True, False, "true", 1, {}, [])
NUMBERS: tuple[object, ...] = (None, 0, 1, -1, 0.0, -0.0, 1.0, 1.5, 1e3, "0", True, {})
PROFILES: tuple[object, ...] = (
    None, {}, [], "RuntimeDefault", {"type": None}, {"type": ""}, {"type": "Unconfined"}, {"type": "RuntimeDefault"},
    {"type": "Localhost"}, {"type": "Localhost", "localhostProfile": "p"}, {"type": "runtimedefault"}, {"type": 1},
)  # fmt: skip
SELINUX: tuple[object, ...] = (
    None, {}, "spc_t", {"type": None}, {"type": ""}, {"type": "spc_t"}, {"type": "container_t"},
    {"role": "", "user": ""}, {"type": "container_init_t"}, {"type": "container_kvm_t"}, {"type": "container_engine_t"},
    {"level": "s0:c1"}, {"user": "u"}, {"role": "r"}, {"user": None, "role": None},
    {"type": "container_t", "user": "u"},
)  # fmt: skip
SYSCTLS: tuple[object, ...] = (
    None, [], {}, [None], [{}], [{"name": None}], [{"name": ""}], [{"name": "kernel.msgmax", "value": 1}],
    *([{"name": name, "value": "1"}] for name in (
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "kernel.msgmax",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_mem",
        "net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat", "net/ipv4/tcp_rmem",
    )),
)  # fmt: skip
SECURITY: dict[str, tuple[object, ...]] = {
    "privileged": FLAGS,
    "allowPrivilegeEscalation": FLAGS,
    "readOnlyRootFilesystem": FLAGS,
    "runAsNonRoot": FLAGS,
    "runAsUser": NUMBERS,
    "runAsGroup": NUMBERS,
    "capabilities": CAPABILITIES,
    "seccompProfile": PROFILES,
    "appArmorProfile": PROFILES,
    "seLinuxOptions": SELINUX,
    "procMount": (None, "", "Default", "Unmasked", "default", 1, {}),
    "windowsOptions": (None, {}, [], {"runAsUserName": "u"}, *({"hostProcess": flag} for flag in FLAGS)),
    "sysctls": SYSCTLS,
}
VOLUME_KINDS = (
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "configMap", "csi", "downwardAPI", "emptyDir",
    "ephemeral", "fc", "flexVolume", "flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "hostPath", "image",
    "iscsi", "nfs", "persistentVolumeClaim", "photonPersistentDisk", "portworxVolume", "projected", "quobyte", "rbd",
    "scaleIO", "secret", "storageos", "vsphereVolume", "unheardOf",
)  # fmt: skip
VOLUMES: tuple[object, ...] = (
    None, [], {}, "data", [None], [{"name": "v"}], [{"name": 1, "emptyDir": {}}], [{"name": "v", "emptyDir": ""}],
    [{"name": "v", "hostPath": "/"}], [{"name": "v", "hostPath": {"path": 1}}], [{"hostPath": {"path": "/"}}],
    [{"name": "v", "hostPath": {"path": "/var/run/docker.sock"}}],
    *([{"name": "v", kind: {}}] for kind in VOLUME_KINDS), *([{"name": "v", kind: None}] for kind in VOLUME_KINDS),
    *([{"name": "v", kind: {}, "hostPath": {"path": "/run/docker.sock"}}] for kind in ("emptyDir", "csi", "nfs")),
)  # fmt: skip
PORTS: tuple[object, ...] = (
    None, [], {}, [None], [{}], [{"containerPort": "80"}], [{"containerPort": 80, "hostPort": 80}],
    *([{"containerPort": 80}, {"hostPort": number}] for number in NUMBERS),
)  # fmt: skip
HANDLERS: tuple[object, ...] = (
    None, {}, [], {"httpGet": None}, {"exec": {"command": ["true"]}}, {"grpc": {"port": 1}},
    *({kind: {"port": 80, "host": host}} for kind in ("httpGet", "tcpSocket") for host in (None, "", "a.example", 1)),
    {"httpGet": {"port": "http"}}, {"httpGet": {"port": True}}, {"sleep": {"seconds": 1}},
)  # fmt: skip
CONTAINER: dict[str, tuple[object, ...]] = {
    "ports": PORTS,
    "livenessProbe": HANDLERS,
    "readinessProbe": HANDLERS,
    "startupProbe": HANDLERS,
    "lifecycle": (
        None, {}, [], {"stopSignal": "SIGTERM"},
        *({name: one} for name in ("postStart", "preStop") for one in HANDLERS),
    ),
    "securityContext": (None, {}, [], "none"),
    "name": (None, "", 1),
    "env": (None, {}, [None], [{"name": "A", "value": 1}], [{"name": "A", "value": True}], [{"name": "A"}]),
    "args": (["a"], [None], [1], "a"),
    "resources": (
        None, {}, {"limits": None}, {"limits": {"memory": None}}, {"limits": {"memory": True}},
        {"limits": {"memory": "1Gi"}}, {"limits": {"memory": 1.5}},
    ),
    "restartPolicy": (None, "Always", 1),
}  # fmt: skip
SPEC: dict[str, tuple[object, ...]] = {
    "hostPID": FLAGS,
    "hostIPC": FLAGS,
    "hostNetwork": FLAGS,
    "hostUsers": FLAGS,
    "volumes": VOLUMES,
    "securityContext": (None, {}, [], "none"),
    "os": (None, {}, "windows", {"name": None}, {"name": "windows"}, {"name": "Windows"}, {"name": "linux"}),
    "containers": (None, [], {}, "web", [[]], [{}]),
    "initContainers": (None, [], {}, [{}]),
    "ephemeralContainers": (None, [], {}, [{}]),
    "nodeSelector": (None, {"a": None}, {"a": "b"}, {"a": 1}, {"a": True}),
    "terminationGracePeriodSeconds": NUMBERS,
    "priority": NUMBERS,
    "unheardOf": (None, 1, {"a": []}),
}
APPARMOR = "container.apparmor.security.beta.kubernetes.io"
SECCOMP = "seccomp.security.alpha.kubernetes.io"
ANNOTATIONS: tuple[object, ...] = (
    None, {}, [], {"a": None}, {"a": 1}, {"a": True}, {f"{SECCOMP}/pod": "unconfined"},
    {f"container.{SECCOMP}/web": "unconfined"}, {f"{APPARMOR}.other/web": "unconfined"}, {APPARMOR: "unconfined"},
    *({f"{APPARMOR}/{name}": value} for name in ("web", "nobody", "") for value in (
        None, "", "null", "unconfined", "runtime/default", "localhost/p", "localhost", "docker/default", "Unconfined",
    )),
)  # fmt: skip
METADATA: dict[str, tuple[object, ...]] = {
    "annotations": ANNOTATIONS,
    "labels": (None, {"a": None}, {"a": 1}, {"a": "b"}, []),
    "creationTimestamp": (None, "2024-01-01T00:00:00Z", 1),
    "generation": NUMBERS,
    "finalizers": (None, [None], ["a"], "a"),
}
CLEAN: Object = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
ENVIRONMENTS: tuple[Object, ...] = ({}, {"hostUsers": False}, {"os": {"name": "windows"}}, {"hostIPC": True})
"""The last one is forbidden at any rate: it shows which values make a pod undecodable, so that nothing is claimed."""
ROLES = ("containers", "initContainers", "ephemeralContainers")


def clean_container(**fields: object) -> Object:
    return {"name": "web", "image": "nginx:1.27.0", "securityContext": dict(CLEAN), **fields}


def secured(key: str, value: object) -> Object:
    return clean_container(securityContext=CLEAN | {key: value})


def specs() -> Iterator[Object]:
    """Pods that no check forbids but for the one thing that each of them tries."""
    for key, values in SPEC.items():
        yield from ({"containers": [clean_container()], key: value} for value in values)
    for role in ROLES:
        others = {} if role == "containers" else {"containers": [clean_container()]}
        for key, values in CONTAINER.items():
            yield from (others | {role: [clean_container(**{key: value})]} for value in values)
        for key, values in SECURITY.items():
            yield from (others | {role: [secured(key, value)]} for value in values)
    for key, values in SECURITY.items():
        for value in values:
            yield {"containers": [clean_container()], "securityContext": {key: value}}
            yield {"containers": [{"name": "bare"}, clean_container()], "securityContext": {key: value}}
            yield {"containers": [], "securityContext": {key: value}}
    yield {}


def pod_of(name: str, spec: Object, metadata: Object | None = None) -> Object:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **(metadata or {})}, "spec": spec}


def wrapped(kind: str, name: str, template: object) -> Object:
    """A template at the place where a kind has it."""
    value = template
    for key in reversed(POD_SECURITY_KINDS[kind]):
        value = {key: value}
    found: Object = value if isinstance(value, dict) else {}
    metadata = found.get("metadata") or {}
    return found | {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": metadata | {"name": name, "namespace": "shop"},
    }


def objects() -> Iterator[Object]:
    """All cases, each with a name of its own."""
    bare = {"containers": [{"name": "web", "image": "nginx:1.27.0"}]}
    for number, environment in enumerate(ENVIRONMENTS):
        for case, spec in enumerate(specs()):
            yield pod_of(f"spec-{number}-{case}", spec | environment)
    for key, values in METADATA.items():
        for case, value in enumerate(values):
            yield pod_of(f"{key.lower()}-{case}", {"containers": [clean_container()]}, {key: value})
            yield pod_of(f"{key.lower()}-{case}-bare", bare, {key: value})
    templates: tuple[object, ...] = ({"spec": bare}, {"spec": None}, {"spec": []}, {}, None, {"metadata": None})
    for kind in POD_SECURITY_KINDS:
        for case, template in enumerate(templates):
            yield wrapped(kind, f"{kind.lower()}-{case}", template)
        annotated = {"metadata": {"annotations": {f"{APPARMOR}/web": "unconfined"}}, "spec": bare}
        yield wrapped(kind, f"{kind.lower()}-annotated", annotated)
        yield wrapped(kind, f"{kind.lower()}-typed", {"spec": bare | {"hostPID": "true"}})
    listed = [pod_of("first", bare), wrapped("Job", "second", {"spec": bare}), {"kind": "ConfigMapList", "items": []}]
    yield {"apiVersion": "v1", "kind": "List", "items": listed}
    yield {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "PodList", "items": listed[:1]}]}


TEXTS = (
    "hostPID: yes", "hostPID: on", "hostPID: y", "hostPID: Y", "hostPID: 'true'", "hostPID: True", "hostPID: tRUE",
    "hostPID: !!bool true", "hostPID: !!str true", "hostPID: ~", "hostPID:", "hostPID: null", "hostPID: 0x1",
    "hostPID: true\n  hostPID: false", "hostPID: false\n  hostPID: true",
    "securityContext: {runAsUser: 0.0}", "securityContext: {runAsUser: 0e0}", "securityContext: {runAsUser: 00}",
    "securityContext: {runAsUser: 0x0}", "securityContext: {runAsUser: -0}", "securityContext: {runAsUser: 0o0}",
    "securityContext: {runAsUser: 0_0}", "securityContext: {runAsUser: '0'}", "securityContext: {runAsUser: +0}",
    "securityContext: {runAsUser: 1:0}", "securityContext: {runAsUser: .0}", "securityContext: {runAsUser: 0.}",
    "<<: {hostPID: true}", "<<: [{hostPID: true}, {hostPID: false}]", "<<: {hostPID: true}\n  hostPID: false",
    "'<<': {hostPID: true}", "hostPID: !!null x",
    "restartPolicy: 2024-01-01", "restartPolicy: 12:30:45", "restartPolicy: 1e3", "restartPolicy: .5",
    "restartPolicy: =", "? hostPID\n  : true", "volumes: [{name: v, ? hostPath : {path: /}}]", "nodeSelector: {1: a}",
    "nodeSelector: {y: a}",
)  # fmt: skip
"""Fields of a pod's spec whose meaning depends on how YAML is read."""


def text_of(number: int, line: str) -> str:
    return f"""apiVersion: v1
kind: Pod
metadata:
  name: text-{number}
spec:
  {line}
  containers:
    - name: web
      image: nginx:1.27.0
"""


WIDE = (2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 1e18, 1e20, 1e21)
QUANTITIES = (
    "1Gi", "1", 1, 1.5, 1e30, "1.5G", "1e3", "1E3", "1e+3", "1E-3", "1m", "1u", "1n", "1k", "+1Mi", "-1Ki", ".5", "5.",
    "1Ei", "1E", " 1", "1 ", "1e99999", "1PiB", "512MB", "1 Gi", "1g", "1gi", "1K", "", " ", "1e", "1e+", "0x1", "1_0",
    ".", "+", "-", "+.", "--1", "1.2.3", "1e3Gi", "Mi", "i", "1\n", "\t1", "1i", "1Kii", "1ee3", "1e3.0", "\u0661",
    "e3",
)  # fmt: skip
TIMES = (
    "2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "2024-01-01T00:00:00.123456789Z", "2024-01-01T00:00:00+02:00",
    "2024-01-01", "yesterday", "", "2024-01-01t00:00:00z", "2024-01-01 00:00:00Z", "2024-13-01T00:00:00Z",
    "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00+0200",
)  # fmt: skip


def undecoded() -> Iterator[Object]:
    """Pods that a check forbids, if only Kubernetes can decode them."""
    forbidden: Object = {"containers": [{"name": "web"}]}
    pods = [forbidden | {key: number} for key in ("priority", "terminationGracePeriodSeconds") for number in WIDE]
    containers: list[object] = [{"securityContext": {"runAsUser": number}} for number in WIDE]
    containers += [{"ports": [{"hostPort": number}]} for number in WIDE]
    containers += [{"livenessProbe": {"httpGet": {"port": port}}} for port in (1.5, 1.0, *WIDE)]
    containers += [{"resources": {"limits": {"memory": text}}} for text in QUANTITIES]
    pods += [{role: [container]} for role in ROLES for container in (None, *containers)]
    for case, spec in enumerate(pods):
        yield pod_of(f"decoded-{case}", spec)
    for case, time in enumerate(TIMES):
        yield pod_of(f"created-{case}", forbidden, {"creationTimestamp": time})
    for case, number in enumerate(WIDE):
        yield pod_of(f"generated-{case}", forbidden, {"generation": number})
    statuses: tuple[object, ...] = (None, {}, {"phase": 1}, [], {"conditions": {}}, {"phase": "Running"})
    for case, status in enumerate(statuses):
        yield pod_of(f"status-{case}", forbidden) | {"status": status}
    names: tuple[object, ...] = (None, 1, True, {})
    for name in names:
        yield pod_of("unused", forbidden) | {"metadata": {"name": name, "namespace": "named"}}
        yield pod_of("unused", forbidden) | {"metadata": {"name": "placed", "namespace": name}}
    annotated = {"metadata": {"annotations": {f"{APPARMOR}/web": "unconfined"}}}
    for kind in POD_SECURITY_KINDS:
        yield wrapped(kind, f"{kind.lower()}-unspecified", annotated)
        yield wrapped(kind, f"{kind.lower()}-null", annotated | {"spec": None})


def documents(values: Iterable[Object]) -> str:
    return "".join(f"---\n{json.dumps(value)}\n" for value in values)


@pytest.fixture(scope="module")
def oracle() -> str:
    binary = os.environ.get("GG_PSA_ORACLE", "")
    if not binary:
        pytest.skip("no Pod Security oracle: GG_PSA_ORACLE is not set")
    return binary


def truth(oracle: str, path: Path, minor: int) -> Verdicts:
    """What the library says of a file, and that it evaluated anything at all."""
    argv = [oracle, "-minor", str(minor)]
    done = subprocess.run(argv, input=f"{path}\n", capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return {
        (kind, namespace, name, f"pss:{level}:{check.removesuffix('_' + level)}")
        for _, _, kind, namespace, name, level, check in rows
        if check != "-"
    }


def claims(text: str, stream: Stream, minor: int) -> Verdicts:
    """What the rules claim of the same text."""
    context = RuleContext(Settings(kubernetes_version=f"1.{minor}"), date(2026, 1, 1))
    found = (one.finding for one in scan_yaml(SourceFile("file.yaml", text), stream, RULES, context))
    return {
        (finding.resource.kind, finding.resource.namespace, finding.resource.name, control)
        for finding in found
        for control in finding.controls
        if control.startswith("pss:")
    }


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Stream]:
    text = documents(objects()) + "".join(f"---\n{text_of(*case)}" for case in enumerate(TEXTS))
    path = tmp_path_factory.mktemp("pods") / "pods.yaml"
    path.write_text(text)
    return path, text, parse(text)


@pytest.mark.parametrize("minor", MINORS)
def test_every_value_is_judged_as_the_library_does(oracle: str, cases: tuple[Path, str, Stream], minor: int) -> None:
    path, text, stream = cases
    wanted, found = truth(oracle, path, minor), claims(text, stream, minor)
    assert len(wanted) > 1000
    assert sorted(wanted - found) == []
    assert sorted(found - wanted) == []


def test_the_cases_reach_every_check(oracle: str, cases: tuple[Path, str, Stream]) -> None:
    reached = {control for minor in (24, 37) for *_, control in truth(oracle, cases[0], minor)}
    assert reached == {control for rule in POD for control in rule.controls if control.startswith("pss:")}
    assert len(reached) == 19


def test_what_cannot_be_decoded_is_not_judged(oracle: str, tmp_path: Path) -> None:
    text = documents(undecoded())
    path = tmp_path / "pods.yaml"
    path.write_text(text)
    wanted, found = truth(oracle, path, 36), claims(text, parse(text), 36)
    assert len(wanted) > 100
    assert sorted(wanted - found) == []
    assert sorted(found - wanted) == []


@pytest.mark.xfail(strict=True, reason="Kubernetes' reader lets a merge override the keys written before it")
def test_a_merge_counts_where_it_is_written(oracle: str, tmp_path: Path) -> None:
    text = text_of(0, "hostPID: false\n  <<: {hostPID: true}")
    path = tmp_path / "pod.yaml"
    path.write_text(text)
    assert claims(text, parse(text), 36) == truth(oracle, path, 36)


def some(values: dict[str, tuple[object, ...]]) -> st.SearchStrategy[Object]:
    return st.fixed_dictionaries({}, optional={key: st.sampled_from(one) for key, one in values.items()})


SECURITY_CONTEXTS = st.one_of(st.none(), some(SECURITY))
CONTAINERS = st.builds(
    lambda fields, security: {"name": "web", "securityContext": security, **fields}, some(CONTAINER), SECURITY_CONTEXTS
)
LISTS = st.lists(CONTAINERS, max_size=3)
PODS = st.builds(
    lambda fields, security, lists: {**lists, "securityContext": security, **fields},
    some(SPEC),
    SECURITY_CONTEXTS,
    st.fixed_dictionaries({"containers": LISTS}, optional={"initContainers": LISTS, "ephemeralContainers": LISTS}),
)


@given(
    pods=st.lists(
        st.tuples(st.sampled_from(sorted(POD_SECURITY_KINDS)), PODS, some(METADATA)), min_size=1, max_size=20
    ),
    minor=st.sampled_from(MINORS),
)
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
def test_every_combination_is_judged_as_the_library_does(
    oracle: str, tmp_path_factory: pytest.TempPathFactory, pods: list[tuple[str, Object, Object]], minor: int
) -> None:
    values = (
        wrapped(kind, f"pod-{number}", {"metadata": metadata, "spec": spec})
        for number, (kind, spec, metadata) in enumerate(pods)
    )
    text = documents(values)
    path = tmp_path_factory.mktemp("random") / "pods.yaml"
    path.write_text(text)
    assert claims(text, parse(text), minor) == truth(oracle, path, minor)
