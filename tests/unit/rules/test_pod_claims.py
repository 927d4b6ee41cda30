"""Which Pod Security controls a finding claims: those that it violates itself, by level, version and kind of object."""

from datetime import date

import pytest

from gitops_guard.engine import rule_set, scan_yaml
from gitops_guard.finding import Finding
from gitops_guard.rule import RuleContext
from gitops_guard.rules.pod import POD
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.yaml import parse

RULES = rule_set(POD)
SECURE = """
    securityContext:
      allowPrivilegeEscalation: false
      runAsNonRoot: true
      seccompProfile: {type: RuntimeDefault}
      capabilities: {drop: [ALL]}
"""


def findings(text: str, minor: int = 36) -> list[Finding]:
    context = RuleContext(Settings(kubernetes_version=f"1.{minor}"), date(2026, 1, 1))
    return [one.finding for one in scan_yaml(SourceFile("pod.yaml", text), parse(text), RULES, context)]


def pod(spec: str = "", container: str = SECURE, metadata: str = "") -> str:
    return f"""apiVersion: v1
kind: Pod
metadata:
  name: web
{metadata}
spec:
{spec}
  containers:
  - name: web
    image: nginx:1.27.0
{container}"""


def claimed(text: str, minor: int = 36) -> set[str]:
    controls = {control for finding in findings(text, minor) for control in finding.controls}
    return {control.removeprefix("pss:") for control in controls if control.startswith("pss:")}


def own(text: str, rule_id: str, minor: int = 36) -> list[set[str]]:
    return [
        {control for control in finding.controls if control.startswith("pss:")}
        for finding in findings(text, minor)
        if finding.rule_id == rule_id
    ]


def secured(line: str) -> str:
    return pod(container=f"{SECURE}      {line}\n")


def test_a_secure_pod_violates_nothing() -> None:
    assert claimed(pod()) == set()


def test_a_bare_pod_violates_restricted_only() -> None:
    assert claimed(pod(container="")) == {
        "restricted:allowPrivilegeEscalation",
        "restricted:capabilities",
        "restricted:runAsNonRoot",
        "restricted:seccompProfile",
    }


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (pod("  hostPID: true"), {"baseline:hostNamespaces"}),
        (pod("  volumes: [{name: v, nfs: {server: s, path: /}}]"), {"restricted:restrictedVolumes"}),
        (
            pod("  volumes: [{name: v, hostPath: {path: /}}]"),
            {"baseline:hostPathVolumes", "restricted:restrictedVolumes"},
        ),
        (pod("  volumes: [{name: v, hostPath: {path: /}, csi: {}}]"), {"baseline:hostPathVolumes"}),
        (secured("privileged: true"), {"baseline:privileged"}),
        (secured("runAsUser: 0"), {"restricted:runAsUser"}),
        (secured("runAsUser: 0.0"), {"restricted:runAsUser"}),
        (secured("runAsGroup: 0"), set()),
        (secured("seLinuxOptions: {type: spc_t}"), {"baseline:seLinuxOptions"}),
        (pod(container=f"{SECURE}    ports: [{{hostPort: 80}}]\n"), {"baseline:hostPorts"}),
        (pod(container=f"{SECURE}    ports: [{{hostPort: 8e1}}]\n"), {"baseline:hostPorts"}),
        (pod(container=SECURE.replace("[ALL]", "[ALL], add: [CHOWN]")), {"restricted:capabilities"}),
        (
            pod(container=SECURE.replace("[ALL]", "[ALL], add: [NET_RAW]")),
            {"baseline:capabilities", "restricted:capabilities"},
        ),
        (
            pod(container=SECURE.replace("[ALL]", "[ALL], add: [null]")),
            {"baseline:capabilities", "restricted:capabilities"},
        ),
        (pod(container=SECURE.replace("[ALL]", "[ALL], add: [NET_BIND_SERVICE]")), set()),
        (
            pod(container=SECURE.replace("RuntimeDefault", "Unconfined")),
            {"baseline:seccompProfile", "restricted:seccompProfile"},
        ),
        (pod(container=SECURE.replace("{type: RuntimeDefault}", "null")), {"restricted:seccompProfile"}),
    ],
)
def test_a_value_violates_what_it_violates_itself(text: str, wanted: set[str]) -> None:
    assert claimed(text) == wanted


@pytest.mark.parametrize(
    ("text", "last_without", "first_with", "difference"),
    [
        (secured("procMount: Unmasked"), 34, 35, {"restricted:procMount"}),
        (
            pod(container=f"{SECURE}    livenessProbe: {{tcpSocket: {{port: 1, host: h}}}}\n"),
            33,
            34,
            {"baseline:hostProbesAndHostLifecycle"},
        ),
    ],
)
def test_a_check_begins_with_a_version(text: str, last_without: int, first_with: int, difference: set[str]) -> None:
    assert claimed(text, first_with) - claimed(text, last_without) == difference


@pytest.mark.parametrize(
    ("text", "last_with", "first_without"),
    [
        (secured("seLinuxOptions: {type: container_engine_t}"), 30, 31),
        (pod("  securityContext: {sysctls: [{name: net.ipv4.ip_local_reserved_ports}]}"), 26, 27),
        (pod("  securityContext: {sysctls: [{name: net.ipv4.tcp_fin_timeout}]}"), 28, 29),
        (pod("  securityContext: {sysctls: [{name: net.ipv4.tcp_wmem}]}"), 31, 32),
        (pod("  securityContext: {sysctls: [{name: net.ipv4.tcp_notsent_lowat}]}"), 36, 37),
        (pod("  hostUsers: false\n  securityContext: {runAsUser: 0}"), 34, 35),
        (pod("  hostUsers: false\n  securityContext: {runAsNonRoot: false}"), 34, 35),
        (pod("  os: {name: windows}", container=""), 24, 25),
    ],
)
def test_a_check_relents_with_a_version(text: str, last_with: int, first_without: int) -> None:
    assert claimed(text, last_with)
    assert claimed(text, first_without) - {"restricted:runAsNonRoot"} == set()


def test_an_unmasked_proc_in_a_user_namespace_is_restricted_only() -> None:
    text = secured("procMount: Unmasked").replace("spec:\n", "spec:\n  hostUsers: false\n")
    assert claimed(text, 34) == {"baseline:procMount"}
    assert claimed(text, 35) == {"restricted:procMount"}


def test_a_windows_pod_violates_no_check_made_for_linux() -> None:
    assert claimed(pod("  os: {name: windows}", container="")) == {"restricted:runAsNonRoot"}


@pytest.mark.parametrize("role", ["initContainers", "ephemeralContainers"])
def test_every_kind_of_container_is_looked_at(role: str) -> None:
    text = pod() + f"  {role}:\n  - name: other\n    securityContext: {{privileged: true}}\n"
    assert "baseline:privileged" in claimed(text)


def test_a_finding_claims_only_its_own_level() -> None:
    text = pod(container=SECURE.replace("[ALL]", "[ALL], add: [SYS_PTRACE, CHOWN]"))
    assert own(text, "GG-POD-008") == [{"pss:baseline:capabilities", "pss:restricted:capabilities"}]
    assert own(text, "GG-POD-009") == [{"pss:restricted:capabilities"}]


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("argoproj.io/v1alpha1", "Rollout"), ("apps.openshift.io/v1", "DeploymentConfig"), ("v1", "PodTemplate")],
)
def test_objects_that_admission_does_not_judge_get_findings_without_its_controls(api_version: str, kind: str) -> None:
    body = "\n".join(f"  {line}" for line in pod("  hostPID: true", container="").splitlines()[2:])
    above = "" if kind == "PodTemplate" else "spec:\n"
    text = f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: web}}\n{above}  template:\n"
    text = text.replace("  template:", "template:") if not above else text
    found = findings(text + "".join(f"  {line}\n" for line in body.splitlines()))
    assert {"GG-POD-002", "GG-POD-009"} <= {finding.rule_id for finding in found}
    assert [control for finding in found for control in finding.controls if control.startswith("pss:")] == []
    assert all(finding.controls for finding in found)


def test_an_object_that_cannot_be_decoded_gets_findings_without_claims() -> None:
    text = pod("  hostPID: true\n  hostIPC: 'yes'")
    assert "GG-POD-002" in {finding.rule_id for finding in findings(text)}
    assert claimed(text) == set()


def test_the_items_of_a_list_are_judged_by_themselves() -> None:
    items = "".join(
        f"- apiVersion: v1\n  kind: Pod\n  metadata: {{name: {name}}}\n  spec: {{hostPID: {flag}, containers: []}}\n"
        for name, flag in (("bad", "true"), ("good", "false"))
    )
    found = findings(f"apiVersion: v1\nkind: List\nitems:\n{items}")
    assert {(finding.resource.name, finding.rule_id) for finding in found} == {("bad", "GG-POD-002")}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in POD])
def test_a_rule_has_a_page_and_maps_to_controls(rule: object) -> None:
    from gitops_guard.rule import Rule  # noqa: PLC0415 - for the type only

    assert isinstance(rule, Rule)
    for heading in ("## What it does", "## Why it matters", "## Fix safety", "## References"):
        assert heading in rule.documentation
    assert len(set(rule.controls)) == len(rule.controls)
    assert len(set(rule.aliases)) == len(rule.aliases)
    assert not any(
        control.startswith("pss:") and control.endswith(("_baseline", "_restricted")) for control in rule.controls
    )
