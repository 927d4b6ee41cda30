"""Node may start an image that it merely happens to hold.

## What it does
Reports images without a digest whose `imagePullPolicy` is `IfNotPresent` or `Never`; where the policy is left to its
default, only for tags that move.

## Why it matters
Nodes run different builds under one tag, and a pod runs a private image that another pod pulled, without credentials
of its own.

## Fix safety
Needs review: with `Always`, pods do not start while the registry is unreachable. A digest is the better answer.

## References
Kubernetes, "Images", "Image pull policy". CIS Kubernetes Benchmark, "AlwaysPullImages".
"""

from collections.abc import Iterator

from gitops_guard.editing.intent import SetValue
from gitops_guard.finding import LOW
from gitops_guard.model.workload import Container
from gitops_guard.rule import Example, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.img.example import SHA, pod
from gitops_guard.rules.img.mutable_tag import moving
from gitops_guard.syntax.image_reference import ImageReference, parse

_AT = "spec.containers[0].imagePullPolicy"


def check(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports containers that take whatever image of this name the node happens to hold."""
    text = container.image.string
    reference = parse(text) if text else None
    if not isinstance(reference, ImageReference) or reference.digest is not None:
        return
    policy = container.field["imagePullPolicy"]
    default = "Always" if reference.tag in {None, "latest"} else "IfNotPresent"
    effective = policy.text or default
    if effective != "Always" and (policy.exists or moving(reference)):
        yield Problem(
            policy,
            f"{container.name} may run a stale image, or one that its pod may not pull: imagePullPolicy is {effective}",
            fix=needs_review(
                "always ask the registry",
                SetValue(policy.keypath, "Always"),
                note="pods do not start while the registry is unreachable",
            ),
        )


RULE = Rule(
    id="GG-IMG-013",
    name="stale-local-image",
    title="imagePullPolicy allows a stale or unauthorised local image",
    severity=LOW,
    applies_to=Container,
    check=check,
    fix_safety="needs-review",
    aliases=("CKV_K8S_15", "C-0075", "pullPolicyNotAlways"),
    controls=("cis_k8s:1.2.11", "nsa:pod-image-build", "mitre:T1525", "sp800_190:4.2.3", "sp800_53:CM-6", "pci:2.2.6"),
    bad=(
        Example(
            pod("nginx:1.27", "      imagePullPolicy: IfNotPresent\n"), at=_AT,
            fixed=pod("nginx:1.27", "      imagePullPolicy: Always\n"),
        ),
        Example(pod("nginx:1.27"), at=_AT, fixed=pod("nginx:1.27", "      imagePullPolicy: Always\n")),
        Example(pod("nginx", "      imagePullPolicy: Never\n"), at=_AT),
    ),
    good=(
        Example(pod("nginx")),
        Example(pod("nginx:1.27.4")),
        Example(pod("nginx:1.27", "      imagePullPolicy: Always\n")),
        Example(pod(f"nginx:1.27@{SHA}", "      imagePullPolicy: IfNotPresent\n")),
    ),
)  # fmt: skip
