"""Containers with the rights of their node, or a way to get more than they were given."""

from collections.abc import Iterator

from gitops_guard.editing.intent import SetValue
from gitops_guard.finding import CRITICAL, HIGH, MEDIUM
from gitops_guard.model.workload import Container, Workload, containers
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.pod.pss import CONTAINERS, HARDENING, POD, added_capabilities, is_windows_exempt, violated
from gitops_guard.syntax.field import Field

_PRIVILEGED = (
    "pss:baseline:privileged", "cis_k8s:5.2.2", "nsa:pod-security-enforcement", "mitre:T1611", "mitre:T1610",
    "sp800_53:AC-6", "sp800_53:CM-7", "pci:7.2.5", *HARDENING,
)  # fmt: skip
_ESCALATION = (
    "pss:restricted:allowPrivilegeEscalation", "cis_k8s:5.2.6", "nsa:pod-security-enforcement", "mitre:T1548.001",
    "mitre:T1611", "sp800_53:AC-6(10)", *HARDENING,
)  # fmt: skip
_HOST_PROCESS = (
    "pss:baseline:windowsHostProcess", "cis_k8s:5.2.10", "nsa:pod-security-enforcement", "mitre:T1611", "sp800_53:AC-6",
    *HARDENING,
)  # fmt: skip


def check_privileged(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports a privileged container."""
    privileged = container.security_context["privileged"]
    if privileged.is_true:
        yield Problem(
            privileged,
            f"{container.name} runs privileged: it has every right on its node",
            fix=needs_review(
                "run it without the rights of the node",
                SetValue(privileged.keypath, False),  # noqa: FBT003 - a YAML value
                note="a container that manages devices or the host's network stops working",
            ),
            controls=violated(container.workload, _PRIVILEGED, "pss:baseline:privileged"),
        )


def check_escalation(container: Container, context: RuleContext) -> Iterator[Problem]:
    """Reports a container that does not forbid privilege escalation."""
    allowed = container.security_context["allowPrivilegeEscalation"]
    if allowed.is_false or is_windows_exempt(container.workload, context):
        return
    yield Problem(
        allowed,
        f"{container.name} may gain privileges: allowPrivilegeEscalation is not false",
        fix=_forbid(container, allowed),
        controls=violated(container.workload, _ESCALATION, "pss:restricted:allowPrivilegeEscalation"),
    )


def _forbid(container: Container, allowed: Field) -> Fix | None:
    """Kubernetes refuses `allowPrivilegeEscalation: false` beside SYS_ADMIN or `privileged`, so the latter goes too."""
    added = {name.removeprefix("CAP_") for name in added_capabilities(container)}
    if "SYS_ADMIN" in added or container.workload.is_windows:
        return None
    privileged = container.security_context["privileged"]
    intents = [SetValue(privileged.keypath, False)] if privileged.is_true else []  # noqa: FBT003 - a YAML value
    return needs_review(
        "forbid privilege escalation",
        *intents,
        SetValue(allowed.keypath, False),  # noqa: FBT003 - a YAML value
        note="setuid programs in the image, such as sudo or ping, no longer gain rights",
    )


def check_host_process(workload: Workload, _: RuleContext) -> Iterator[Problem]:
    """Reports Windows HostProcess pods and containers."""
    places: list[tuple[Field, str]] = [(workload.security_context, "the pod")]
    places += [(container.security_context, container.name) for container in containers(workload)]
    for security_context, name in places:
        host_process = security_context["windowsOptions"]["hostProcess"]
        if host_process.is_true:
            yield Problem(
                host_process,
                f"{name} runs as a process of its Windows node",
                controls=violated(workload, _HOST_PROCESS, "pss:baseline:windowsHostProcess"),
            )


_CONTEXT = POD + CONTAINERS + "      securityContext:\n"

PRIVILEGED = Rule(
    id="GG-POD-001",
    name="privileged-container",
    title="Privileged container",
    severity=CRITICAL,
    applies_to=Container,
    check=check_privileged,
    fix_safety="needs-review",
    aliases=("CKV_K8S_16", "KSV017", "KSV-0017", "AVD-KSV-0017", "C-0057", "privileged", "runAsPrivileged"),
    controls=_PRIVILEGED,
    bad=(
        Example(
            _CONTEXT + "        privileged: true # for the driver\n",
            at="spec.containers[0].securityContext.privileged",
            fixed=_CONTEXT + "        privileged: false # for the driver\n",
        ),
    ),
    good=(Example(_CONTEXT + "        privileged: false\n"), Example(POD + CONTAINERS)),
    page="""Container runs privileged.

## What it does
Reports containers, init containers and ephemeral containers whose `securityContext.privileged` is true.

## Why it matters
A privileged container has every device and capability of its node: an escape needs no exploit.

## Fix safety
Needs review: a workload that manages devices or the host's network stops working.

## References
Kubernetes, Pod Security Standards, Baseline, "Privileged Containers".
""",
)

ESCALATION = Rule(
    id="GG-POD-010",
    name="privilege-escalation",
    title="Privilege escalation allowed",
    severity=MEDIUM,
    applies_to=Container,
    check=check_escalation,
    fix_safety="needs-review",
    aliases=(
        "CKV_K8S_20",
        "KSV001",
        "KSV-0001",
        "AVD-KSV-0001",
        "C-0016",
        "privilege-escalation-container",
        "privilegeEscalationAllowed",
    ),
    controls=_ESCALATION,
    bad=(
        Example(
            POD + CONTAINERS,
            at="spec.containers[0].securityContext.allowPrivilegeEscalation",
            fixed=_CONTEXT + "        allowPrivilegeEscalation: false\n",
        ),
        Example(
            _CONTEXT + "        allowPrivilegeEscalation: true\n",
            at="spec.containers[0].securityContext.allowPrivilegeEscalation",
            fixed=_CONTEXT + "        allowPrivilegeEscalation: false\n",
        ),
        Example(
            _CONTEXT + "        privileged: true\n",
            at="spec.containers[0].securityContext.allowPrivilegeEscalation",
            fixed=_CONTEXT + "        privileged: false\n        allowPrivilegeEscalation: false\n",
        ),
    ),
    good=(
        Example(_CONTEXT + "        allowPrivilegeEscalation: false\n"),
        Example(POD + "  os:\n    name: windows\n" + CONTAINERS),
    ),
    page="""Container may gain privileges.

## What it does
Reports containers that do not set `allowPrivilegeEscalation: false`. Windows pods are left out.

## Why it matters
Without it a setuid program gives its caller more rights than the container was started with.

## Fix safety
Needs review: programs that rely on setuid stop working. A privileged container stops being so, since Kubernetes refuses
both together; with `SYS_ADMIN` no fix is offered.

## References
Kubernetes, Pod Security Standards, Restricted, "Privilege Escalation".
""",
)

HOST_PROCESS = Rule(
    id="GG-POD-021",
    name="windows-host-process",
    title="Windows HostProcess container",
    severity=HIGH,
    applies_to=Workload,
    check=check_host_process,
    aliases=("C-0193", "KSV-0103", "AVD-KSV-0103"),
    controls=_HOST_PROCESS,
    bad=(
        Example(
            POD + "  hostNetwork: true\n" + CONTAINERS + "      securityContext:\n        windowsOptions:\n"
            "          hostProcess: true\n",
            at="spec.containers[0].securityContext.windowsOptions.hostProcess",
        ),
    ),
    good=(Example(_CONTEXT + "        windowsOptions:\n          runAsUserName: user\n"),),
    page="""Container is a process of its Windows node.

## What it does
Reports pods and containers whose `windowsOptions.hostProcess` is true.

## Why it matters
A HostProcess container runs on the node itself, without any isolation.

## Fix safety
No automatic fix: node agents need it; give them a namespace of their own.

## References
Kubernetes, Pod Security Standards, Baseline, "HostProcess".
""",
)
