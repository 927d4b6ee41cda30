"""What Flux fetches, and with whose rights it applies it."""

from collections.abc import Iterator

from gitops_guard.editing.intent import DeleteKey, SetValue
from gitops_guard.finding import MEDIUM
from gitops_guard.model.delivery import is_fixed_revision, repository
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rule import Example, Problem, Rule, RuleContext, needs_review
from gitops_guard.syntax.field import Field

_SOURCES = "source.toolkit.fluxcd.io"
_APPLIERS = frozenset(("kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"))
_OWN = ("flux-system", "flux-system")
"""Namespace and name of the Kustomization that `flux bootstrap` makes for Flux itself."""


def check_source(source: KubernetesObject, context: RuleContext) -> Iterator[Problem]:
    """Reports sources that are fetched without encryption, or move without a verified signature."""
    if source.api_group != _SOURCES:
        return
    yield from _unencrypted(source.spec)
    if source.spec["verify"].exists:
        return
    if source.kind == "GitRepository":
        yield from _git(source.spec, context.repository)
    elif source.kind == "OCIRepository":
        yield from _oci(source.spec)


def _unencrypted(spec: Field) -> Iterator[Problem]:
    insecure, url = spec["insecure"], spec["url"]
    if insecure.is_true:
        yield Problem(
            insecure,
            "is fetched without checking who answers",
            fix=needs_review("fetch it with TLS", DeleteKey(insecure.keypath), note="the source must answer with TLS"),
        )
    if url.text.startswith("http://"):
        yield Problem(
            url,
            "is fetched over plain HTTP: whoever is on the way decides what is deployed",
            fix=needs_review(
                "fetch it with TLS",
                SetValue(url.keypath, "https://" + url.text.removeprefix("http://")),
                note="the source must answer with TLS",
            ),
        )


def _git(spec: Field, own: str) -> Iterator[Problem]:
    ref = spec["ref"]
    if ref["semver"].exists:
        yield Problem(ref["semver"], f"takes any tag in {ref['semver'].text} and verifies no signature")
    elif own and repository(spec["url"].text) not in {"", own}:
        fixed = ref["commit"].exists or is_fixed_revision(ref["tag"].text) or ref["name"].text.startswith("refs/tags/")
        if not fixed:
            shown = ref["branch"].text or ref["tag"].text or ref["name"].text or "the default branch"
            yield Problem(
                ref, f"follows {shown} of another repository and verifies no signature: name a commit, or set verify"
            )


def _oci(spec: Field) -> Iterator[Problem]:
    ref = spec["ref"]
    if ref["digest"].exists:
        return
    shown = ref["semver"].text or ref["tag"].text or "latest"
    if ref["semver"].exists or not is_fixed_revision(ref["tag"].text):
        yield Problem(ref, f"takes {shown}, which moves, and verifies no signature: name a digest, or set verify")


def check_impersonation(applier: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports what Flux applies with its own rights."""
    if applier.api_group not in _APPLIERS or applier.identity[2:] == _OWN:
        return
    account = applier.spec["serviceAccountName"]
    if not account.text and not applier.spec["kubeConfig"].exists:
        yield Problem(account, "is applied with the rights of Flux itself, which may do everything: name an account")


_GIT = """apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: shop
  namespace: shop
spec:
  url: https://git.example.org/shop/deploy
"""
_OCI = """apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata:
  name: shop
  namespace: shop
spec:
  url: oci://registry.example.org/shop/deploy
"""
_KUSTOMIZATION = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: shop
  namespace: shop
spec:
  path: ./apps/shop
"""
_DIGEST = f"  ref:\n    digest: sha256:{'5c' * 32}\n"

SOURCE = Rule(
    id="GG-GIT-003",
    name="unverified-source",
    title="Flux source without verification or with floating semver or insecure HTTP",
    severity=MEDIUM,
    applies_to=KubernetesObject,
    kinds=("GitRepository", "OCIRepository", "HelmRepository", "Bucket"),
    check=check_source,
    fix_safety="needs-review",
    aliases=(),
    controls=(
        "cis_k8s:5.5.1",
        "nsa:pod-image-build",
        "mitre:T1195.002",
        "sp800_190:4.2.1",
        "sp800_53:SI-7",
        "sp800_53:SR-11",
        "pci:6.3.2",
        "owasp_k8s_2025:K04",
    ),
    bad=(
        Example(
            _GIT.replace("https:", "http:") + "  ref:\n    tag: v1.4.2\n",
            at="spec.url",
            fixed=_GIT + "  ref:\n    tag: v1.4.2\n",
        ),
        Example(_OCI + "  insecure: true\n" + _DIGEST, at="spec.insecure", fixed=_OCI + _DIGEST),
        Example(_GIT + '  ref:\n    semver: ">=1.0.0"\n', at="spec.ref.semver"),
        Example(_OCI + "  ref:\n    tag: latest\n", at="spec.ref"),
        Example(_OCI, at="spec.ref"),
        Example(_GIT + "  ref:\n    branch: main\n", at="spec.ref", repository="git.example.org/shop/manifests"),
    ),
    good=(
        Example(_OCI + _DIGEST),
        Example(_OCI + "  ref:\n    tag: 1.4.2\n"),
        Example(_OCI + '  ref:\n    semver: ">=1.0.0"\n  verify:\n    provider: cosign\n'),
        Example(_GIT + "  ref:\n    branch: main\n"),
        Example(_GIT + "  ref:\n    branch: main\n", repository="git.example.org/shop/deploy"),
        Example(_GIT + f"  ref:\n    commit: {'5c' * 20}\n", repository="git.example.org/shop/manifests"),
    ),
    page="""Flux source that is not verified, moves, or is fetched without encryption.

## What it does
Reports GitRepository, OCIRepository, HelmRepository and Bucket sources with `insecure: true` or an `http://` address;
and, where no `verify` is set, git sources at a range of versions, those of another repository at a branch, and OCI
artifacts at a range or a tag that moves. Which repository this is, the remote `origin` of the clone says.

## Why it matters
What a source gives is applied with the rights of Flux. Neither a moving reference nor a plain connection tells who
decided what that is.

## Fix safety
Needs review: fetching with TLS fails where the source has none.

## References
Flux, "Git Repositories", "OCI Repositories" (`.spec.verify`, `.spec.insecure`). NIST SP 800-53, SI-7.
""",
)

IMPERSONATION = Rule(
    id="GG-GIT-004",
    name="applied-with-all-rights",
    title="Flux Kustomization or HelmRelease runs without an impersonated service account",
    severity=MEDIUM,
    applies_to=KubernetesObject,
    kinds=("Kustomization", "HelmRelease"),
    check=check_impersonation,
    aliases=(),
    controls=(
        "cis_k8s:5.1.1",
        "nsa:auth-rbac",
        "mitre:T1098.006",
        "sp800_190:4.3.1",
        "sp800_53:AC-6",
        "pci:7.2.5",
        "owasp_k8s_2025:K02",
    ),
    bad=(
        Example(_KUSTOMIZATION, at="spec.serviceAccountName"),
        Example(
            _KUSTOMIZATION.replace("kustomize.toolkit", "helm.toolkit").replace(
                "kind: Kustomization", "kind: HelmRelease"
            ),
            at="spec.serviceAccountName",
        ),
    ),
    good=(
        Example(_KUSTOMIZATION + "  serviceAccountName: shop\n"),
        Example(_KUSTOMIZATION + "  kubeConfig:\n    secretRef:\n      name: other\n"),
        Example(_KUSTOMIZATION.replace("name: shop", "name: flux-system").replace("space: shop", "space: flux-system")),
        Example("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - web.yaml\n"),
    ),
    page="""Flux applies it with its own rights.

## What it does
Reports Kustomizations and HelmReleases of Flux without `serviceAccountName`, except the one that `flux bootstrap` makes
for Flux itself, and those for another cluster (`kubeConfig`).

## Why it matters
The controllers of Flux are cluster administrators: whoever may change what such an object applies is one too.

## Fix safety
No automatic fix: a service account with the rights that the objects need must be there first.

## References
Flux, "Multi-tenancy lockdown" and "Role-based access control". CIS Kubernetes Benchmark 1.12, 5.1.1.
""",
)
