"""Container without a memory limit, or without requests.

## What it does
Reports containers that set no memory limit, or no CPU or memory request. A limit of memory or CPU is also a request.
Ephemeral containers cannot have any and are left out.

## Why it matters
Without a memory limit one container takes a whole node down; without requests the scheduler packs nodes blindly.

## Fix safety
No automatic fix: numbers come from measurement, not from a linter.

## References
Kubernetes, "Resource Management for Pods and Containers".
"""

from collections.abc import Iterator

from gitops_guard.finding import LOW
from gitops_guard.model.workload import Container
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.pod.pss import CONTAINERS, HARDENING, POD


def check(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports what is missing in a container's resources."""
    if container.role == "ephemeralContainers":
        return
    resources = container.field["resources"]
    limits, requests = resources["limits"], resources["requests"]
    missing = [] if limits["memory"].exists else ["a memory limit"]
    missing += [f"a {what} request" for what in ("cpu", "memory") if not (requests[what].exists or limits[what].exists)]
    if missing:
        yield Problem(resources, f"{container.name} lacks {', '.join(missing)}")


_RESOURCES = POD + CONTAINERS + "      resources:\n"

RULE = Rule(
    id="GG-POD-022",
    name="missing-resources",
    title="No memory limit or no CPU/memory request",
    severity=LOW,
    applies_to=Container,
    check=check,
    aliases=(
        "CKV_K8S_10",
        "CKV_K8S_11",
        "CKV_K8S_12",
        "CKV_K8S_13",
        "KSV011",
        "KSV015",
        "KSV016",
        "KSV018",
        "C-0004",
        "C-0050",
        "C-0268",
        "C-0269",
        "C-0270",
        "C-0271",
        "unset-cpu-requirements",
        "unset-memory-requirements",
        "memoryLimitsMissing",
        "memoryRequestsMissing",
        "cpuRequestsMissing",
    ),
    controls=(
        "cis_k8s:5.6.3",
        "nsa:net-resource-policies",
        "mitre:T1496",
        "mitre:T1499",
        "sp800_53:SC-6",
        "sp800_53:SC-5",
        *HARDENING,
    ),
    bad=(
        Example(POD + CONTAINERS, at="spec.containers[0].resources"),
        Example(_RESOURCES + "        limits:\n          memory: 64Mi\n", at="spec.containers[0].resources"),
    ),
    good=(Example(_RESOURCES + "        requests:\n          cpu: 10m\n        limits:\n          memory: 64Mi\n"),),
)
