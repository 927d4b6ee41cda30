"""Linux capabilities that a container adds, or keeps without need."""

from collections.abc import Iterator

from gitops_guard.editing.intent import AppendItem, DeleteKey, Intent
from gitops_guard.finding import HIGH, MEDIUM
from gitops_guard.model.workload import Container
from gitops_guard.rule import Example, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.pod.pss import CONTAINERS, HARDENING, POD, is_windows_exempt, violated

_BASELINE = frozenset((
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
))  # fmt: skip
_FIRST_UNPRIVILEGED_PORT = 1024
_BIND = "NET_BIND_SERVICE"
_PSS_BASELINE, _PSS_RESTRICTED = "pss:baseline:capabilities", "pss:restricted:capabilities"
_ADDED = (
    _PSS_BASELINE, _PSS_RESTRICTED, "cis_k8s:5.2.9", "nsa:pod-security-enforcement", "mitre:T1611", "mitre:T1068",
    "sp800_53:AC-6", *HARDENING,
)  # fmt: skip
_NOT_DROPPED = (
    _PSS_RESTRICTED, "cis_k8s:5.2.8", "cis_k8s:5.2.9", "nsa:pod-security-enforcement", "mitre:T1611", "sp800_53:AC-6",
    "sp800_53:CM-7", *HARDENING,
)  # fmt: skip


def check_added(container: Container, context: RuleContext) -> Iterator[Problem]:
    """Reports added capabilities that the Baseline level forbids."""
    own = (_PSS_BASELINE,) if is_windows_exempt(container.workload, context) else (_PSS_BASELINE, _PSS_RESTRICTED)
    for item in container.security_context["capabilities"]["add"].items():
        if item.text not in _BASELINE:
            name = item.text or "without a name"
            yield Problem(
                item,
                f"{container.name} adds the capability {name}",
                fix=needs_review(
                    f"do not add the capability {name}",
                    DeleteKey(item.keypath),
                    note="what the container does with it fails",
                ),
                controls=violated(container.workload, _ADDED, *own),
            )


def check_not_dropped(container: Container, context: RuleContext) -> Iterator[Problem]:
    """Reports containers that keep capabilities, or add one that the Restricted level forbids."""
    workload = container.workload
    if is_windows_exempt(workload, context):
        return
    capabilities = container.security_context["capabilities"]
    controls = violated(workload, _NOT_DROPPED, _PSS_RESTRICTED)
    for item in capabilities["add"].items():
        if item.text in _BASELINE and item.text != _BIND:
            yield Problem(item, f"{container.name} adds the capability {item.text}", controls=controls)
    drop = capabilities["drop"]
    if any(item.text == "ALL" for item in drop.items()):
        return
    intents: list[Intent] = [AppendItem(drop.keypath, "ALL")]
    added = {item.text for item in capabilities["add"].items()}
    if _BIND not in added and _binds_low_port(container):
        intents.append(AppendItem(capabilities["add"].keypath, _BIND))
    note = "operations that need a capability fail, such as changing owners or using raw sockets"
    yield Problem(
        drop,
        f"{container.name} keeps the default capabilities: drop ALL",
        fix=None if workload.is_windows else needs_review("drop all capabilities", *intents, note=note),
        controls=controls,
    )


def _binds_low_port(container: Container) -> bool:
    ports = (port["containerPort"].integer for port in container.field["ports"].items())
    return any(port is not None and 0 < port < _FIRST_UNPRIVILEGED_PORT for port in ports)


_CONTEXT = POD + CONTAINERS + "      securityContext:\n        capabilities:\n"
_DROPPED = "          drop:\n            - ALL\n"

ADDED = Rule(
    id="GG-POD-008",
    name="added-capability",
    title="Capability outside the baseline set added",
    severity=HIGH,
    applies_to=Container,
    check=check_added,
    fix_safety="needs-review",
    aliases=(
        "CKV_K8S_39",
        "CKV_K8S_25",
        "KSV005",
        "KSV022",
        "KSV-0005",
        "KSV-0022",
        "AVD-KSV-0022",
        "C-0046",
        "drop-net-raw-capability",
        "dangerousCapabilities",
    ),
    controls=_ADDED,
    bad=(
        Example(
            _CONTEXT + _DROPPED + "          add:\n            - SYS_PTRACE\n            - NET_BIND_SERVICE\n",
            at="spec.containers[0].securityContext.capabilities.add[0]",
            fixed=_CONTEXT + _DROPPED + "          add:\n            - NET_BIND_SERVICE\n",
        ),
    ),
    good=(Example(_CONTEXT + _DROPPED + "          add: [NET_BIND_SERVICE]\n"),),
    page="""Container adds a capability.

## What it does
Reports added capabilities outside the set that the Baseline level allows.

## Why it matters
Many of them, `SYS_ADMIN` and `SYS_PTRACE` among them, are a way to the node.

## Fix safety
Needs review: what the container uses the capability for fails.

## References
Kubernetes, Pod Security Standards, Baseline and Restricted, "Capabilities".
""",
)

NOT_DROPPED = Rule(
    id="GG-POD-009",
    name="capabilities-not-dropped",
    title="Capabilities not dropped (drop ALL missing)",
    severity=MEDIUM,
    applies_to=Container,
    check=check_not_dropped,
    fix_safety="needs-review",
    aliases=(
        "CKV_K8S_37",
        "CKV_K8S_28",
        "KSV003",
        "KSV004",
        "KSV106",
        "KSV-0003",
        "KSV-0106",
        "AVD-KSV-0003",
        "C-0055",
        "insecureCapabilities",
    ),
    controls=_NOT_DROPPED,
    bad=(
        Example(
            POD + CONTAINERS,
            at="spec.containers[0].securityContext.capabilities.drop",
            fixed=_CONTEXT + _DROPPED,
        ),
        Example(
            POD + CONTAINERS + "      ports:\n        - containerPort: 80\n",
            at="spec.containers[0].securityContext.capabilities.drop",
            fixed=POD
            + CONTAINERS
            + "      ports:\n        - containerPort: 80\n      securityContext:\n        capabilities:\n"
            + _DROPPED
            + "          add:\n            - NET_BIND_SERVICE\n",
        ),
        Example(
            _CONTEXT + _DROPPED + "          add: [CHOWN]\n",
            at="spec.containers[0].securityContext.capabilities.add[0]",
        ),
    ),
    good=(
        Example(_CONTEXT + _DROPPED),
        Example(POD + "  os:\n    name: windows\n" + CONTAINERS),
    ),
    page="""Container keeps capabilities.

## What it does
Reports containers that do not drop `ALL` capabilities, and added ones other than `NET_BIND_SERVICE`. Windows pods are
left out.

## Why it matters
The default set of a container runtime allows raw sockets, changing owners and more, which hardly any service needs.

## Fix safety
Needs review. `NET_BIND_SERVICE` is added back where the container declares a port below 1024.

## References
Kubernetes, Pod Security Standards, Restricted, "Capabilities".
""",
)
