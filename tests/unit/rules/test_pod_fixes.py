"""Fixes of pods: what Kubernetes refuses is never offered, and what may not be known is not guessed."""

from datetime import date
from typing import Any

import pytest
import yaml

from gitops_guard.editing.intent import AppendItem, DeleteKey, SetValue
from gitops_guard.engine import Detection, rule_set
from gitops_guard.finding import DISPLAY_ONLY
from gitops_guard.fixing import groups, solve
from gitops_guard.inspection import Rules
from gitops_guard.rule import RuleContext
from gitops_guard.rules.pod import POD
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile
from gitops_guard.workbench import Workbench

RULES = rule_set(POD)
BENCH = Workbench(Rules(RULES, lambda: RULES), RuleContext(Settings(), date(2026, 1, 1)), {})
SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


def pod(spec: str = "", security: str = "", annotations: str = "", container: str = "") -> str:
    return f"""apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: {{{annotations}}}
spec:
  restartPolicy: Always
{spec}
  containers:
  - name: web
    image: nginx:1.27.0
    securityContext: {{{security}}}
{container}"""


def detections(text: str, rule_id: str) -> list[Detection]:
    found = BENCH.detections(SourceFile("pod.yaml", text))[1]
    return [one for one in found if one.finding.rule_id == rule_id]


def offered(text: str, rule_id: str) -> list[bool]:
    return [one.fix is not None for one in detections(text, rule_id)]


def fixed(text: str, rule_id: str | None = None) -> Any:
    """The object after all fixes of a rule, or of all rules but those to read only."""
    file = SourceFile("pod.yaml", text)
    found = BENCH.detections(file)[1]
    wanted = [one for one in found if rule_id in {None, one.finding.rule_id}]
    for group in groups(wanted):
        if rule_id is None and any(one.fix and one.fix.safety == DISPLAY_ONLY for one in group.detections):
            continue
        solution = solve(file, group, BENCH.bench(found))
        assert solution.refused == ()
        assert solution.patch is not None
        file = file._replace(text=solution.patch.files[0].after)
    return yaml.safe_load(file.text)


@pytest.mark.parametrize(
    ("rule_id", "text"),
    [
        ("GG-POD-004", pod("  hostNetwork: true", "windowsOptions: {hostProcess: true}")),
        ("GG-POD-004", pod("  hostNetwork: true\n  securityContext: {windowsOptions: {hostProcess: true}}")),
        ("GG-POD-006", pod("  volumes: [{name: v, hostPath: {path: /srv}}]")),
        ("GG-POD-010", pod(security="capabilities: {add: [SYS_ADMIN]}")),
        ("GG-POD-010", pod(security="capabilities: {add: [CAP_SYS_ADMIN]}, privileged: true")),
        ("GG-POD-011", pod(security="runAsUser: 0")),
        ("GG-POD-011", pod(security="runAsUser: 0.0")),
        ("GG-POD-011", pod("  securityContext: {runAsUser: 0}")),
        ("GG-POD-011", pod("  os: {name: windows}")),
        ("GG-POD-012", pod(security="runAsUser: 0")),
        ("GG-POD-021", pod("  hostNetwork: true", "windowsOptions: {hostProcess: true}")),
        ("GG-POD-022", pod()),
        ("GG-POD-027", pod("  securityContext: {seccompProfile: {type: Unconfined}}")),
        ("GG-POD-027", pod(annotations=f"{SECCOMP}: unconfined")),
    ],
)
def test_no_fix_is_offered(rule_id: str, text: str) -> None:
    assert offered(text, rule_id) == [False]


@pytest.mark.parametrize("rule_id", ["GG-POD-009", "GG-POD-010", "GG-POD-013", "GG-POD-027"])
def test_a_windows_pod_is_not_given_fields_of_linux(rule_id: str) -> None:
    assert detections(pod("  os: {name: windows}"), rule_id) == []


@pytest.mark.parametrize(
    ("rule_id", "text"),
    [
        ("GG-POD-004", pod("  hostNetwork: true", "windowsOptions: {hostProcess: false}")),
        ("GG-POD-010", pod(security="capabilities: {add: [SYS_PTRACE]}")),
        ("GG-POD-011", pod(security="runAsUser: 1000")),
        ("GG-POD-011", pod("  securityContext: {runAsUser: 0}", "runAsUser: 1000")),
        ("GG-POD-027", pod(annotations=f"container.{SECCOMP.removesuffix('pod')}web: unconfined")),
    ],
)
def test_a_fix_is_offered_beside_what_only_looks_like_an_obstacle(rule_id: str, text: str) -> None:
    assert offered(text, rule_id) == [True]


def test_a_privileged_container_that_must_not_escalate_is_privileged_no_more() -> None:
    security = fixed(pod(security="privileged: true"), "GG-POD-010")["spec"]["containers"][0]["securityContext"]
    assert security == {"privileged": False, "allowPrivilegeEscalation": False}


def test_host_ports_go_with_the_port_declared() -> None:
    text = pod(container="    ports: [{containerPort: 80, hostPort: 8080}]\n")
    assert fixed(text, "GG-POD-005")["spec"]["containers"][0]["ports"] == [{"containerPort": 80}]


@pytest.mark.parametrize(
    ("ports", "added"),
    [
        ("[{containerPort: 80}]", ["NET_BIND_SERVICE"]),
        ("[{containerPort: 8080}, {containerPort: 1023}]", ["NET_BIND_SERVICE"]),
        ("[{containerPort: 1024}]", None),
        ("[{containerPort: http}]", None),
        ("[]", None),
    ],
)
def test_binding_low_ports_is_given_back_where_one_is_declared(ports: str, added: list[str] | None) -> None:
    found = detections(pod(container=f"    ports: {ports}\n"), "GG-POD-009")
    assert found[0].fix is not None
    values = [intent.value for intent in found[0].fix.intents if isinstance(intent, AppendItem)]
    assert values == ["ALL", *(added or [])]


def test_capabilities_that_are_added_stay_beside_the_drop() -> None:
    text = pod(security="capabilities: {add: [CHOWN], drop: [NET_RAW]}")
    drop = [one for one in detections(text, "GG-POD-009") if one.fix is not None]
    assert [one.finding.place.keypath[-1] for one in drop] == ["drop"]
    assert fixed(text, "GG-POD-009")["spec"]["containers"][0]["securityContext"]["capabilities"] == {
        "add": ["CHOWN"],
        "drop": ["NET_RAW", "ALL"],
    }


def test_a_seccomp_annotation_that_contradicts_the_field_goes() -> None:
    text = pod("  securityContext: {seccompProfile: {type: Unconfined}}", annotations=f"{SECCOMP}: unconfined, a: b")
    after = fixed(text, "GG-POD-014")
    assert after["metadata"]["annotations"] == {"a": "b"}
    assert after["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_an_apparmor_annotation_goes_with_the_field_of_its_container_only() -> None:
    text = pod(
        security="appArmorProfile: {type: Unconfined}",
        annotations=f"{APPARMOR}web: unconfined, {APPARMOR}web2: unconfined",
    )
    found = [one for one in detections(text, "GG-POD-015") if one.finding.place.keypath[0] == "spec"]
    assert found[0].fix is not None
    paths = [intent.path for intent in found[0].fix.intents if isinstance(intent, SetValue | DeleteKey)]
    assert [path[-1] for path in paths] == ["type", f"{APPARMOR}web"]


def test_all_apparmor_annotations_go_with_the_field_of_the_pod() -> None:
    text = pod(
        "  securityContext: {appArmorProfile: {type: Unconfined}}",
        annotations=f"{APPARMOR}web: unconfined, {APPARMOR}two: localhost/p",
    )
    after = fixed(text, "GG-POD-015")
    assert after["metadata"]["annotations"] == {f"{APPARMOR}two": "localhost/p"}
    assert after["spec"]["securityContext"]["appArmorProfile"] == {"type": "RuntimeDefault"}


def test_all_fixes_together_give_a_pod_that_is_restricted() -> None:
    text = pod(
        "  hostPID: true\n  hostIPC: true\n  hostNetwork: true",
        "privileged: true, procMount: Default, seLinuxOptions: {type: spc_t}, capabilities: {add: [NET_ADMIN]}",
        container="    ports: [{containerPort: 80, hostPort: 80}]\n",
    )
    after = fixed(text)
    assert after["spec"] == {
        "restartPolicy": "Always",
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "web",
                "image": "nginx:1.27.0",
                "ports": [{"containerPort": 80}],
                "securityContext": {
                    "privileged": False,
                    "procMount": "Default",
                    "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
                    "allowPrivilegeEscalation": False,
                    "runAsNonRoot": True,
                },
            }
        ],
    }
