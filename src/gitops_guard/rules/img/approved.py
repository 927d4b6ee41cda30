"""Image outside the approved list.

## What it does
Reports images of workloads, custom resources, Kustomizations and chart values that no entry of the approved list
approves. References are compared in normal form, so `nginx` is `docker.io/library/nginx`, and
`evil.example/docker.io/library/nginx` is not. Where an entry asks for an age, a scan, a signature or platforms, what
registries and scanners say decides; if they say nothing, that is reported at the severity of `image_policy.unknown`.

## Why it matters
Whoever publishes an image runs code in the cluster. The list says whom the team trusts with that.

## Fix safety
Needs review: a mirror or replacement that the list names may be another image than the one that ran.

## References
NIST SP 800-190, section 4.1.5. CIS Kubernetes Benchmark, "Image Policy".

## Configuration
`approved_images` in `.gitops-guard.yaml`: `repository` (with `*` inside a path segment and a final `**`), `tags`
(series such as `3.12.*-slim`, ranges such as `>=3.12.4 <3.14 -slim`, other patterns), `digest_required`,
`max_age_days`, `scanned_within_days`, `worst_severity`, `fixable_only`, `signed_by`, `platforms`, `owner`, `expires`.
An entry with `replacement` or `mirror` approves that instead of what it matches. Without a list there is nothing to
decide, and the rule is silent.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_guard.finding import HIGH
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.img.example import AT, LIST, made, pod
from gitops_guard.rules.img.use import Use, on_yaml, replaced

if TYPE_CHECKING:
    from gitops_guard.images.approval import Verdict

_NOTE = "the image is another one, or comes from elsewhere: nodes need access to it"


def judge(use: Use, context: RuleContext) -> Iterator[Problem]:
    """Reports images that the approved list does not hold."""
    approved = context.settings.approved_images
    if not approved:
        return
    from gitops_guard.images.approval import decide  # noqa: PLC0415 - only where there is a list

    verdict = decide(use.reference, approved, context.today, use.facts(context))
    if verdict.state == "undecided":
        unknown = context.settings.image_policy.unknown
        if unknown is not None:
            yield use.problem(f", and whether it is approved is not known: {verdict.why}", severity=unknown)
    elif verdict.state == "refused":
        yield use.problem(
            f", which is not approved: {verdict.why}{_advice(verdict)}", replaced(use, verdict.substitute, _NOTE)
        )


def _advice(verdict: "Verdict") -> str:
    if verdict.nearest is None or verdict.substitute or verdict.nearest_why == verdict.why:
        return ""
    return f"; nearest is {verdict.nearest.repository}: {verdict.nearest_why}"


RULE = Rule(
    id="GG-IMG-002",
    name="unapproved-image",
    title="Workload image comes from a registry or repository outside the allow list",
    severity=HIGH,
    applies_to=NamedImage,
    check=on_yaml(judge),
    fix_safety="needs-review",
    aliases=("C-0078", "C-0001", "KSV0125", "KSV-0125", "AVD-KSV-0125", "unsafe-registry"),
    controls=(
        "cis_k8s:5.5.1", "cis_docker:4.2", "nsa:pod-image-build", "mitre:T1525", "mitre:T1204.003", "mitre:T1610",
        "sp800_190:4.1.5", "sp800_53:CM-7(5)", "sp800_53:SR-3", "pci:6.3.2", "owasp_k8s_2025:K04",
    ),
    bad=(
        Example(pod("nginx:1.27.4"), at=AT, settings=LIST, fixed=pod("registry.example.com/hub/nginx:1.27.4")),
        Example(pod("quay.io/old/tool:3"), at=AT, settings=LIST, fixed=pod("registry.example.com/team/tool:1.4.2")),
        Example(pod("registry.example.com/team/api:2.0.0"), at=AT, settings=LIST),
        Example(pod("evil.example/registry.example.com/team/api:1.0.0"), at=AT, settings=LIST),
        Example(pod("registry.example.com/team/${NAME}:1.0.0"), at=AT, settings=LIST),
        Example(
            pod("nginx:1.27.4"), at=AT, settings="approved_images:\n  - repository: nginx\n    max_age_days: 30\n",
            known=lambda: (made(),),
        ),
        Example(pod("nginx:1.27.4"), at=AT, settings="approved_images:\n  - repository: nginx\n    max_age_days: 30\n"),
        Example(
            "image:\n  repository: evil.example/api\n  tag: 1.0.0\n", at="image.tag", settings=LIST,
            path="chart/values.yaml",
        ),
        Example(
            "images:\n  - name: api\n    newName: evil.example/api\n    newTag: 1.0.0\n", at="images[0].newTag",
            settings=LIST, path="kustomization.yaml",
        ),
    ),
    good=(
        Example(pod("registry.example.com/team/a/api:1.0.0"), settings=LIST),
        Example(pod("registry.example.com/hub/nginx:1.27.4"), settings=LIST),
        Example(pod("evil.example/anything:1")),
        Example(
            pod("nginx:1.27.4"), settings="approved_images:\n  - repository: nginx\n    max_age_days: 400\n",
            known=lambda: (made(),),
        ),
        Example(
            pod("nginx:1.27.4"),
            settings="image_policy:\n  unknown: none\napproved_images:\n  - repository: nginx\n    max_age_days: 30\n",
        ),
    ),
)  # fmt: skip
