"""Tag that moves, or no tag.

## What it does
Reports images without a tag, with `latest`, or with a tag that names a series (`1.27`, `bookworm`, `stable`). A digest
settles which image is meant: then the tag may be anything.

## Why it matters
The same commit runs different code tomorrow, and a rollback brings back nothing.

## Fix safety
Safe: the digest that the registry, or `digests` in the configuration, gives for this tag is appended; the tag stays. No
other tag is guessed.

## References
NIST SP 800-190, section 4.2.2. Kubernetes, "Images".
"""

from collections.abc import Iterator

from gitops_guard.finding import MEDIUM
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.img.example import AT, DIGESTS, SHA, made, pod
from gitops_guard.rules.img.use import Use, on_yaml, pinned
from gitops_guard.syntax.image_reference import ImageReference, tag_kind


def judge(use: Use, context: RuleContext) -> Iterator[Problem]:
    """Reports missing and moving tags; `# syntax=docker/dockerfile:1` is meant to move."""
    why = moving(use.image) if use.image and use.role != "syntax" else ""
    if why:
        yield use.problem(f": {why}", pinned(use, context), of="repository")


def moving(reference: ImageReference) -> str:
    """Why tomorrow's image may be another one, judged by the tag; empty if a digest or the tag says which it is."""
    if reference.digest is not None:
        return ""
    kind = tag_kind(reference.tag)
    if kind == "missing":
        return "no tag, so whatever latest is"
    if kind == "latest":
        return "the tag latest moves"
    return f"the tag {reference.tag} moves" if kind == "floating" else ""


RULE = Rule(
    id="GG-IMG-003",
    name="mutable-tag",
    title="Tag is mutable or missing (latest, no tag, floating major)",
    severity=MEDIUM,
    applies_to=NamedImage,
    check=on_yaml(judge),
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
        Example(pod("nginx"), at=AT),
        Example(pod("nginx:latest"), at=AT),
        Example(pod("nginx:1.27"), at=AT, settings=DIGESTS, fixed=pod(f"nginx:1.27@{SHA}")),
        Example(
            pod("nginx"), at=AT, known=lambda: (made()._replace(reference="docker.io/library/nginx:latest"),),
            fixed=pod(f"nginx@{SHA}"),
        ),
        Example(
            'image:\n  repository: quay.io/team/api\n  tag: "1"\n  digest: ""\n', at="image.tag",
            path="chart/values.yaml", settings=f"digests:\n  quay.io/team/api:1: {SHA}\n",
            fixed=f'image:\n  repository: quay.io/team/api\n  tag: "1"\n  digest: "{SHA}"\n',
        ),
    ),
    good=(
        Example(pod("nginx:1.27.4")),
        Example(pod(f"nginx:latest@{SHA}")),
        Example(pod("nginx:${TAG}")),
        Example("images:\n  - name: nginx\n    newTag: 1.27.4\n", path="kustomization.yaml"),
    ),
)  # fmt: skip
