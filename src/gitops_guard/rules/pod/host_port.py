"""Container takes a port of its node.

## What it does
Reports `hostPort`s other than 0.

## Why it matters
The port is open on the node's own address, past Services and Ingresses, and ties the pod to free nodes.

## Fix safety
Needs review: clients that use the node's address lose their way.

## References
Kubernetes, Pod Security Standards, Baseline, "Host Ports".
"""

from collections.abc import Iterator

from gitops_guard.editing.intent import DeleteKey
from gitops_guard.finding import MEDIUM
from gitops_guard.model.workload import Container
from gitops_guard.rule import Example, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.pod.pss import CONTAINERS, POD, violated, whole_number

_CONTROLS = (
    "pss:baseline:hostPorts", "cis_k8s:5.2.12", "nsa:pod-security-enforcement", "mitre:T1133", "sp800_190:4.4.2",
    "sp800_53:SC-7", "sp800_53:CM-7", "pci:1.2.5", "owasp_k8s_2025:K01",
)  # fmt: skip


def check(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports ports of the node that a container takes."""
    for port in container.field["ports"].items():
        host_port = port["hostPort"]
        number = whole_number(host_port)
        if number:
            yield Problem(
                host_port,
                f"{container.name} takes port {number} of its node",
                fix=needs_review(
                    "leave the node's port alone",
                    DeleteKey(host_port.keypath),
                    note="clients that use the node's address must use a Service instead",
                ),
                controls=violated(container.workload, _CONTROLS, "pss:baseline:hostPorts"),
            )


_PORT = POD + CONTAINERS + "      ports:\n        - containerPort: 80\n"

RULE = Rule(
    id="GG-POD-005",
    name="host-port",
    title="hostPort in use",
    severity=MEDIUM,
    applies_to=Container,
    check=check,
    fix_safety="needs-review",
    aliases=("CKV_K8S_26", "KSV024", "KSV-0024", "AVD-KSV-0024", "C-0044", "unsafe-host-port", "hostPortSet"),
    controls=_CONTROLS,
    bad=(Example(_PORT + "          hostPort: 8080\n", at="spec.containers[0].ports[0].hostPort", fixed=_PORT),),
    good=(Example(_PORT), Example(_PORT + "          hostPort: 0\n")),
)
