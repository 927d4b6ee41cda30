"""Pods that share the namespaces of their node."""

from collections.abc import Callable, Iterator

from gitops_guard.editing.intent import DeleteKey
from gitops_guard.finding import HIGH
from gitops_guard.model.workload import Workload
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.pod.pss import CONTAINERS, HARDENING, POD, has_host_process, violated

_PSS = "pss:baseline:hostNamespaces"


def _check(key: str, message: str, note: str, controls: tuple[str, ...]) -> Callable[..., Iterator[Problem]]:
    def check(workload: Workload, _: RuleContext) -> Iterator[Problem]:
        shared = workload.pod_spec[key]
        if shared.is_true:
            fix: Fix | None = needs_review(f"remove {key}", DeleteKey(shared.keypath), note=note)
            if key == "hostNetwork" and has_host_process(workload):
                fix = None  # Kubernetes refuses a HostProcess container without the node's network
            yield Problem(shared, message, fix=fix, controls=violated(workload, controls, _PSS))

    return check


def _rule(  # noqa: PLR0913, PLR0917 - the columns of a table
    identity: str,
    name: str,
    key: str,
    what: str,
    why: str,
    note: str,
    aliases: tuple[str, ...],
    own: tuple[str, ...],
    exception: str = "",
) -> Rule:
    controls = (_PSS, "nsa:pod-security-enforcement", "mitre:T1611", *own, *HARDENING)
    head, tail = POD, CONTAINERS
    return Rule(
        id=identity,
        name=name,
        title=f"Host {what} shared",
        severity=HIGH,
        applies_to=Workload,
        check=_check(key, f"shares the {what} of its node", note, controls),
        fix_safety="needs-review",
        aliases=aliases,
        controls=controls,
        bad=(Example(f"{head}  {key}: true\n{tail}", at=f"spec.{key}", fixed=head + tail),),
        good=(Example(f"{head}  {key}: false\n{tail}"), Example(head + tail)),
        page=f"""Pod shares the {what} of its node.

## What it does
Reports pods whose `{key}` is true.

## Why it matters
{why}

## Fix safety
Needs review: {note}.{exception}

## References
Kubernetes, Pod Security Standards, Baseline, "Host Namespaces".
""",
    )


HOST_PID = _rule(
    "GG-POD-002",
    "host-pid",
    "hostPID",
    "process namespace",
    "It sees every process of the node, their arguments and environment, and may signal those of its user.",
    "an agent that watches the node's processes stops seeing them",
    ("CKV_K8S_17", "KSV010", "KSV-0010", "AVD-KSV-0010", "C-0038", "host-pid", "hostPIDSet"),
    ("cis_k8s:5.2.3", "mitre:T1613", "sp800_53:AC-6", "sp800_53:SC-39"),
)

HOST_IPC = _rule(
    "GG-POD-003",
    "host-ipc",
    "hostIPC",
    "IPC namespace",
    "It may read and change the shared memory of every process of the node that uses it.",
    "programs that share memory with a process of the node stop working",
    ("CKV_K8S_18", "KSV008", "KSV-0008", "AVD-KSV-0008", "C-0038", "host-ipc", "hostIPCSet"),
    ("cis_k8s:5.2.4", "sp800_53:SC-39", "sp800_53:SC-4"),
)

HOST_NETWORK = _rule(
    "GG-POD-004",
    "host-network",
    "hostNetwork",
    "network",
    "It listens on the node's addresses, reaches services bound to its loopback, and no NetworkPolicy holds for it.",
    "its ports are no longer open on the node: reach it through a Service; dnsPolicy may have to change",
    ("CKV_K8S_19", "KSV009", "KSV-0009", "AVD-KSV-0009", "C-0041", "host-network", "hostNetworkSet"),
    ("cis_k8s:5.2.5", "nsa:net-policies", "mitre:T1557", "sp800_53:SC-7", "sp800_53:SC-39", "pci:1.3.1"),
    " Pods with HostProcess containers get no fix: Kubernetes refuses those without the node's network.",
)
