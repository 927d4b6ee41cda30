"""Interfaces of the node's kernel that a pod opens: an unmasked /proc, unsafe sysctls."""

from collections.abc import Iterator

from gitops_guard.editing.intent import DeleteKey, SetValue
from gitops_guard.finding import HIGH, MEDIUM
from gitops_guard.model.workload import Container, Workload
from gitops_guard.rule import Example, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.pod.pss import CONTAINERS, KERNEL, POD, USER_NAMESPACES, in_user_namespace, violated

_SYSCTLS = (
    (0, (
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
    )),
    (27, ("net.ipv4.ip_local_reserved_ports",)),
    (29, (
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    )),
    (32, ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")),
    (37, ("net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat")),
)  # fmt: skip
_PROC_MOUNT = ("pss:baseline:procMount", "pss:restricted:procMount", "sp800_53:SC-39", *KERNEL)
_SYSCTL = ("pss:baseline:sysctls", "sp800_53:CM-7", *KERNEL)


def check_proc_mount(container: Container, context: RuleContext) -> Iterator[Problem]:
    """Reports an unmasked /proc."""
    proc_mount = container.security_context["procMount"]
    if not proc_mount.exists or proc_mount.text == "Default":
        return
    own = () if in_user_namespace(container.workload, context) else ("pss:baseline:procMount",)
    if context.minor >= USER_NAMESPACES:
        own = (*own, "pss:restricted:procMount")
    yield Problem(
        proc_mount,
        f"{container.name} sees all of /proc: procMount is {proc_mount.text}",
        fix=needs_review(
            "mask /proc",
            SetValue(proc_mount.keypath, "Default"),
            note="containers nested in this one may no longer start",
        ),
        controls=violated(container.workload, _PROC_MOUNT, *own),
    )


def check_sysctl(workload: Workload, context: RuleContext) -> Iterator[Problem]:
    """Reports sysctls that are not on the safe list of the target version."""
    listed = workload.security_context["sysctls"]
    if not listed.exists:
        return
    safe = {name for minor, names in _SYSCTLS if context.minor >= minor for name in names}
    for sysctl in listed.items():
        name = sysctl["name"].text
        if name not in safe:
            yield Problem(
                sysctl["name"],
                f"sets the unsafe sysctl {name}",
                fix=needs_review(
                    f"do not set {name}",
                    DeleteKey(sysctl.keypath),
                    note="the kernel keeps its default for the pod",
                ),
                controls=violated(workload, _SYSCTL, "pss:baseline:sysctls"),
            )


_CONTEXT = POD + "  securityContext:\n    runAsNonRoot: true\n"
_UNMASKED = POD + "  hostUsers: false\n" + CONTAINERS + "      securityContext:\n        procMount: {}\n"

PROC_MOUNT = Rule(
    id="GG-POD-017",
    name="unmasked-proc",
    title="procMount Unmasked",
    severity=HIGH,
    applies_to=Container,
    check=check_proc_mount,
    fix_safety="needs-review",
    aliases=("KSV027", "KSV-0027", "AVD-KSV-0027", "unsafe-proc-mount"),
    controls=_PROC_MOUNT,
    bad=(
        Example(
            _UNMASKED.format("Unmasked"),
            at="spec.containers[0].securityContext.procMount",
            fixed=_UNMASKED.format("Default"),
        ),
    ),
    good=(Example(_UNMASKED.format("Default")),),
    page="""/proc is not masked.

## What it does
Reports `procMount` other than `Default`. From Kubernetes 1.35 on the Baseline level allows it in a user namespace
(`hostUsers: false`), the Restricted level does not.

## Why it matters
The masked files tell about the node's kernel and memory, and some can be written.

## Fix safety
Needs review: containers nested in this one may no longer start.

## References
Kubernetes, Pod Security Standards, Baseline and Restricted, "/proc Mount Type".
""",
)

SYSCTL = Rule(
    id="GG-POD-018",
    name="unsafe-sysctl",
    title="Unsafe sysctl",
    severity=MEDIUM,
    applies_to=Workload,
    check=check_sysctl,
    fix_safety="needs-review",
    aliases=("KSV026", "KSV-0026", "AVD-KSV-0026", "unsafe-sysctls"),
    controls=_SYSCTL,
    bad=(
        Example(
            _CONTEXT + "    sysctls:\n      - name: kernel.msgmax\n        value: '65536'\n" + CONTAINERS,
            at="spec.securityContext.sysctls[0].name",
            fixed=_CONTEXT + CONTAINERS,
        ),
    ),
    good=(
        Example(_CONTEXT + "    sysctls:\n      - name: net.ipv4.tcp_syncookies\n        value: '1'\n" + CONTAINERS),
    ),
    page="""Unsafe sysctl is set.

## What it does
Reports sysctls outside the list that is safe in the target Kubernetes version.

## Why it matters
Sysctls that are not confined to the pod change or exhaust the kernel for every pod of the node.

## Fix safety
Needs review: the kernel keeps its default.

## References
Kubernetes, Pod Security Standards, Baseline, "Sysctls".
""",
)
