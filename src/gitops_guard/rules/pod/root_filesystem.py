"""Container can write to its root filesystem.

## What it does
Reports containers without `readOnlyRootFilesystem: true`. Ephemeral containers and Windows pods are left out.

## Why it matters
Malware is written next to the program and started; with a read-only root it has nowhere to go but declared volumes.

## Fix safety
Display only: programs that write to `/tmp` or their own folders fail until those are `emptyDir` volumes.

## References
Kubernetes, "Configure a Security Context for a Pod or Container". NSA/CISA Kubernetes Hardening Guidance 1.2,
"Immutable container file systems".
"""

from collections.abc import Iterator

from gitops_guard.editing.intent import SetValue
from gitops_guard.finding import MEDIUM
from gitops_guard.model.workload import Container
from gitops_guard.rule import Example, Problem, Rule, RuleContext, display_only
from gitops_guard.rules.pod.pss import CONTAINERS, HARDENING, POD


def check(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports a container with a writable root filesystem."""
    read_only = container.security_context["readOnlyRootFilesystem"]
    if read_only.is_true or container.role == "ephemeralContainers" or container.workload.is_windows:
        return
    yield Problem(
        read_only,
        f"{container.name} can write to its root filesystem",
        fix=display_only(
            "make the root filesystem read-only",
            SetValue(read_only.keypath, True),  # noqa: FBT003 - a YAML value
            note="paths that the program writes to, such as /tmp, must become emptyDir volumes first",
        ),
    )


_CONTEXT = POD + CONTAINERS + "      securityContext:\n"

RULE = Rule(
    id="GG-POD-013",
    name="writable-root-filesystem",
    title="Root filesystem writable",
    severity=MEDIUM,
    applies_to=Container,
    check=check,
    fix_safety="display-only",
    aliases=(
        "CKV_K8S_22",
        "KSV014",
        "KSV-0014",
        "AVD-KSV-0014",
        "C-0017",
        "no-read-only-root-fs",
        "notReadOnlyRootFilesystem",
    ),
    controls=(
        "cis_k8s:5.6.3",
        "nsa:pod-immutable-fs",
        "mitre:T1105",
        "mitre:T1036.005",
        "sp800_53:CM-7",
        "sp800_53:SI-7",
        "pci:11.5.2",
        *HARDENING,
    ),
    bad=(
        Example(
            POD + CONTAINERS,
            at="spec.containers[0].securityContext.readOnlyRootFilesystem",
            fixed=_CONTEXT + "        readOnlyRootFilesystem: true\n",
        ),
    ),
    good=(
        Example(_CONTEXT + "        readOnlyRootFilesystem: true\n"),
        Example(POD + "  os:\n    name: windows\n" + CONTAINERS),
    ),
)
