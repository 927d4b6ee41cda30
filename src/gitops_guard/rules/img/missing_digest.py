"""Image without a digest.

## What it does
Reports images of workloads, values and Dockerfiles that are named without `@sha256:`.

## Why it matters
A tag can be pushed again, by the publisher or by whoever got hold of the account. Only a digest names content.

## Fix safety
Safe: the digest that the registry, or `digests` in the configuration, gives for this tag is appended (that of the index
where the image is there for several platforms); the tag stays for people.

## References
NIST SP 800-190, section 4.1.5. SLSA, "Verifying artifacts".
"""

from collections.abc import Iterator

from gitops_guard.finding import LOW
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.img.example import AT, DIGESTS, SHA, made, pod
from gitops_guard.rules.img.use import Use, on_yaml, pinned


def judge(use: Use, context: RuleContext) -> Iterator[Problem]:
    """Reports images without a digest."""
    if use.image is not None and use.image.digest is None:
        yield use.problem(" without a digest", pinned(use, context), of="repository")


RULE = Rule(
    id="GG-IMG-004",
    name="missing-digest",
    title="Image or FROM is not pinned by digest",
    severity=LOW,
    applies_to=NamedImage,
    check=on_yaml(judge),
    fix_safety="safe",
    aliases=("CKV_K8S_43",),
    controls=(
        "cis_docker:4.2", "nsa:pod-image-build", "mitre:T1525", "mitre:T1195.002", "sp800_190:4.1.5",
        "sp800_53:SI-7(1)", "sp800_53:SR-11", "pci:6.3.2", "pci:11.5.2",
    ),
    bad=(
        Example(pod("nginx:1.27.4"), at=AT, settings=DIGESTS, fixed=pod(f"nginx:1.27.4@{SHA}")),
        Example(pod("nginx:1.27.4"), at=AT, known=lambda: (made(),), fixed=pod(f"nginx:1.27.4@{SHA}")),
        Example(pod("nginx:1.27.5"), at=AT, settings=DIGESTS),
        Example(
            "image:\n  repository: nginx\n  tag: 1.27.4\n", at="image.tag", path="chart/values.yaml",
            known=lambda: (made(),),
            fixed=f"image:\n  repository: nginx\n  tag: 1.27.4@{SHA}\n",
        ),
        Example(
            "images:\n  - name: nginx\n    newTag: 1.27.4\n", at="images[0].newTag", path="kustomization.yaml",
            known=lambda: (made(),), fixed=f"images:\n  - name: nginx\n    newTag: 1.27.4\n    digest: {SHA}\n",
        ),
    ),
    good=(Example(pod(f"nginx:1.27.4@{SHA}")), Example(pod("nginx@" + SHA))),
)  # fmt: skip
