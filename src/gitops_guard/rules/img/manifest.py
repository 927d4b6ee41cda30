"""Images that workloads run: where they come from, and whether tomorrow's is today's."""

from collections.abc import Iterator

from gitops_guard.editing.intent import SetValue
from gitops_guard.finding import HIGH, LOW, MEDIUM
from gitops_guard.images.approval import decide
from gitops_guard.model.workload import Container
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review, safe
from gitops_guard.rules.img.reference import APPROVED_PAGE, advice, digest_of, moving, reference_of
from gitops_guard.syntax.image_reference import ImageReference


def _reference(container: Container) -> ImageReference | None:
    text = container.image.string
    found = reference_of(text) if text else None
    return found if isinstance(found, ImageReference) else None


def check_approved(container: Container, context: RuleContext) -> Iterator[Problem]:
    """Reports images that the approved list does not hold."""
    approved, text = context.settings.approved_images, container.image.string
    if not approved or not text:
        return
    verdict = decide(reference_of(text), approved, context.today)
    if verdict.state == "undecided":
        yield Problem(
            container.image, f"{container.name}: whether its image is approved is not known: {verdict.why}",
            severity=LOW,
        )  # fmt: skip
    elif verdict.state == "refused":
        nearest = verdict.nearest.repository if verdict.nearest and not verdict.substitute else ""
        fix = None
        if verdict.substitute:
            fix = needs_review(
                f"use {verdict.substitute}",
                SetValue(container.image.keypath, verdict.substitute),
                note="the image is another one, or comes from elsewhere: nodes need access to it",
            )
        message = f"the image of {container.name} is not approved: {verdict.why}{advice(nearest)}"
        yield Problem(container.image, message, fix=fix)


def check_tag(container: Container, context: RuleContext) -> Iterator[Problem]:
    """Reports missing and moving tags."""
    reference = _reference(container)
    why = moving(reference) if reference else ""
    if reference and why:
        yield Problem(container.image, f"{container.name} runs {reference.familiar}: {why}", _pin(container, context))


def check_digest(container: Container, context: RuleContext) -> Iterator[Problem]:
    """Reports images without a digest."""
    reference = _reference(container)
    if reference is not None and reference.digest is None:
        message = f"{container.name} runs {reference.familiar} without a digest"
        yield Problem(container.image, message, _pin(container, context))


def _pin(container: Container, context: RuleContext) -> Fix | None:
    reference = _reference(container)
    digest = digest_of(reference, context.settings) if reference else ""
    if not digest:
        return None
    return safe(f"pin {digest[:19]}", SetValue(container.image.keypath, f"{container.image.text}@{digest}"))


def check_pull_policy(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports containers that take whatever image of this name the node happens to hold."""
    reference = _reference(container)
    if reference is None or reference.digest is not None:
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


_HEAD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n"
_AT = "spec.containers[0].image"
_POLICY_AT = "spec.containers[0].imagePullPolicy"
_DIGEST = "sha256:" + "0123456789abcdef" * 4


def _pod(image: str, rest: str = "") -> str:
    return f"{_HEAD}      image: {image}\n{rest}"


_LIST = """approved_images:
  - repository: registry.example.com/team/**
    tags: ["1.*"]
  - repository: docker.io/library/*
    mirror: registry.example.com/hub
  - repository: quay.io/old/tool
    replacement: registry.example.com/team/tool:1.4.2
"""
_DIGESTS = f"digests:\n  docker.io/library/nginx:1.27.4: {_DIGEST}\n  nginx:1.27: {_DIGEST}\n"

APPROVED = Rule(
    id="GG-IMG-002",
    name="unapproved-image",
    title="Workload image comes from a registry or repository outside the allow list",
    severity=HIGH,
    applies_to=Container,
    check=check_approved,
    fix_safety="needs-review",
    aliases=("C-0078", "C-0001", "KSV0125", "KSV-0125", "AVD-KSV-0125", "unsafe-registry"),
    controls=(
        "cis_k8s:5.5.1", "cis_docker:4.2", "nsa:pod-image-build", "mitre:T1525", "mitre:T1204.003", "mitre:T1610",
        "sp800_190:4.1.5", "sp800_53:CM-7(5)", "sp800_53:SR-3", "pci:6.3.2", "owasp_k8s_2025:K04",
    ),
    bad=(
        Example(
            _pod("nginx:1.27.4"), at=_AT, settings=_LIST, fixed=_pod("registry.example.com/hub/nginx:1.27.4"),
        ),
        Example(
            _pod("quay.io/old/tool:3"), at=_AT, settings=_LIST, fixed=_pod("registry.example.com/team/tool:1.4.2"),
        ),
        Example(_pod("registry.example.com/team/api:2.0.0"), at=_AT, settings=_LIST),
        Example(_pod("evil.example/registry.example.com/team/api:1.0.0"), at=_AT, settings=_LIST),
        Example(_pod("registry.example.com/team/${NAME}:1.0.0"), at=_AT, settings=_LIST),
    ),
    good=(
        Example(_pod("registry.example.com/team/a/api:1.0.0"), settings=_LIST),
        Example(_pod("registry.example.com/hub/nginx:1.27.4"), settings=_LIST),
        Example(_pod("evil.example/anything:1")),
    ),
    page="""Image outside the approved list.

## What it does
Reports containers whose image no entry of the approved list approves. References are compared in normal form, so
`nginx` is `docker.io/library/nginx`, and `evil.example/docker.io/library/nginx` is not.

## Why it matters
Whoever publishes an image runs code in the cluster. The list says whom the team trusts with that.

## Fix safety
Needs review: a mirror or replacement that the list names may be another image than the one that ran.

## References
NIST SP 800-190, section 4.1.5. CIS Kubernetes Benchmark, "Image Policy".
""" + APPROVED_PAGE.lstrip("\n"),
)  # fmt: skip

TAG = Rule(
    id="GG-IMG-003",
    name="mutable-tag",
    title="Tag is mutable or missing (latest, no tag, floating major)",
    severity=MEDIUM,
    applies_to=Container,
    check=check_tag,
    fix_safety="safe",
    aliases=(
        "CKV_K8S_14", "CKV_DOCKER_7", "KSV013", "KSV-0013", "AVD-KSV-0013", "DS001", "DS-0001", "AVD-DS-0001", "DL3006",
        "DL3007", "latest-tag", "tagNotSpecified",
    ),
    controls=(
        "cis_docker:4.2", "nsa:pod-image-build", "mitre:T1525", "mitre:T1036.005", "sp800_190:4.2.2", "sp800_53:CM-2",
        "sp800_53:SI-7(1)", "pci:6.3.2", "pci:6.5.1",
    ),
    bad=(
        Example(_pod("nginx"), at=_AT),
        Example(_pod("nginx:latest"), at=_AT),
        Example(_pod("nginx:1.27"), at=_AT, settings=_DIGESTS, fixed=_pod(f"nginx:1.27@{_DIGEST}")),
    ),
    good=(
        Example(_pod("nginx:1.27.4")),
        Example(_pod(f"nginx:latest@{_DIGEST}")),
        Example(_pod("nginx:${TAG}")),
    ),
    page="""Tag that moves, or no tag.

## What it does
Reports images without a tag, with `latest`, or with a tag that names a series (`1.27`, `bookworm`, `stable`). A digest
settles which image is meant: then the tag may be anything.

## Why it matters
The same commit runs different code tomorrow, and a rollback brings back nothing.

## Fix safety
Safe: where `digests` in the configuration has the digest of this tag, it is appended. No other tag is guessed.

## References
NIST SP 800-190, section 4.2.2. Kubernetes, "Images".
""",
)  # fmt: skip

DIGEST = Rule(
    id="GG-IMG-004",
    name="missing-digest",
    title="Image or FROM is not pinned by digest",
    severity=LOW,
    applies_to=Container,
    check=check_digest,
    fix_safety="safe",
    aliases=("CKV_K8S_43",),
    controls=(
        "cis_docker:4.2", "nsa:pod-image-build", "mitre:T1525", "mitre:T1195.002", "sp800_190:4.1.5",
        "sp800_53:SI-7(1)", "sp800_53:SR-11", "pci:6.3.2", "pci:11.5.2",
    ),
    bad=(
        Example(_pod("nginx:1.27.4"), at=_AT, settings=_DIGESTS, fixed=_pod(f"nginx:1.27.4@{_DIGEST}")),
        Example(_pod("nginx:1.27.5"), at=_AT, settings=_DIGESTS),
    ),
    good=(Example(_pod(f"nginx:1.27.4@{_DIGEST}")), Example(_pod("nginx@" + _DIGEST))),
    page="""Image without a digest.

## What it does
Reports images of workloads and Dockerfiles that are named without `@sha256:`.

## Why it matters
A tag can be pushed again, by the publisher or by whoever got hold of the account. Only a digest names content.

## Fix safety
Safe: the digest that `digests` in the configuration has for this tag is appended, the tag stays for people.

## References
NIST SP 800-190, section 4.1.5. SLSA, "Verifying artifacts".
""",
)  # fmt: skip

PULL_POLICY = Rule(
    id="GG-IMG-013",
    name="stale-local-image",
    title="imagePullPolicy allows a stale or unauthorised local image",
    severity=LOW,
    applies_to=Container,
    check=check_pull_policy,
    fix_safety="needs-review",
    aliases=("CKV_K8S_15", "C-0075", "pullPolicyNotAlways"),
    controls=("cis_k8s:1.2.11", "nsa:pod-image-build", "mitre:T1525", "sp800_190:4.2.3", "sp800_53:CM-6", "pci:2.2.6"),
    bad=(
        Example(
            _pod("nginx:1.27", "      imagePullPolicy: IfNotPresent\n"), at=_POLICY_AT,
            fixed=_pod("nginx:1.27", "      imagePullPolicy: Always\n"),
        ),
        Example(_pod("nginx:1.27"), at=_POLICY_AT, fixed=_pod("nginx:1.27", "      imagePullPolicy: Always\n")),
        Example(_pod("nginx", "      imagePullPolicy: Never\n"), at=_POLICY_AT),
    ),
    good=(
        Example(_pod("nginx")),
        Example(_pod("nginx:1.27.4")),
        Example(_pod("nginx:1.27", "      imagePullPolicy: Always\n")),
        Example(_pod(f"nginx:1.27@{_DIGEST}", "      imagePullPolicy: IfNotPresent\n")),
    ),
    page="""Node may start an image that it merely happens to hold.

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
""",
)  # fmt: skip
