"""What the rules on Pod Security share: controls that a finding violates itself, and the texts of their examples.

Levels and checks are those of Kubernetes' own admission library (k8s.io/pod-security-admission), as of a minor version.
"""

from collections.abc import Iterator

from gitops_guard.model.workload import Container, Workload, containers
from gitops_guard.rule import RuleContext
from gitops_guard.syntax.field import Field

HARDENING = ("sp800_190:4.4.3", "pci:2.2.6", "owasp_k8s_2025:K01")
"""Controls that nearly all rules of the family map to."""

KERNEL = ("nsa:pod-hardening", "cis_k8s:5.6.3", "mitre:T1611", *HARDENING)
"""Controls of the rules on what keeps a container from the kernel."""

WINDOWS_EXEMPT = 25
USER_NAMESPACES = 35
HOST_PROBES = 34

POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
"""
CONTAINERS = """  containers:
    - name: web
      image: nginx:1.27.0
"""


def violated(workload: Workload, controls: tuple[str, ...], *own: str) -> tuple[str, ...]:
    """The controls of a finding: all that are no Pod Security check, and those of Pod Security given.

    Pod Security is claimed only for objects that its admission evaluates.
    """
    others = tuple(control for control in controls if not control.startswith("pss:"))
    return (*own, *others) if workload.is_judged else others


def in_user_namespace(workload: Workload, context: RuleContext) -> bool:
    """Whether the checks that are relaxed for pods in a user namespace are so for this one (1.35 and newer)."""
    return context.minor >= USER_NAMESPACES and workload.pod_spec["hostUsers"].is_false


def is_windows_exempt(workload: Workload, context: RuleContext) -> bool:
    """Whether the checks that only make sense on Linux leave this pod out (1.25 and newer)."""
    return context.minor >= WINDOWS_EXEMPT and workload.is_windows


def has_host_process(workload: Workload) -> bool:
    """Whether the pod or a container of it runs as a process of its Windows node."""
    contexts = (workload.security_context, *(container.security_context for container in containers(workload)))
    return any(context["windowsOptions"]["hostProcess"].is_true for context in contexts)


def whole_number(field: Field) -> int | None:
    """An integer as Kubernetes decodes it: a number such as 0.0 or 8e3 is one too."""
    value = field.value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return field.integer


def added_capabilities(container: Container) -> Iterator[str]:
    """The capabilities that a container adds."""
    for item in container.security_context["capabilities"]["add"].items():
        yield item.text
