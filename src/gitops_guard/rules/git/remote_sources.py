"""Remote base, chart or definition without a pin.

## What it does
Reports entries of Kustomizations (`resources`, `bases`, `components`) that are fetched from a repository at a branch or
at no revision, or from an address that moves (`main`, `latest`); `helmCharts` of Kustomizations and charts of
HelmReleases whose version is missing or a range.

## Why it matters
What is deployed then changes without a commit here: nobody reviewed it, and nothing tells what ran yesterday.

## Fix safety
No automatic fix: which version is meant, only its owners know. Better than a pin is a copy: then it is scanned too.

## References
Kustomize, "Remote resources". Flux, "Helm Releases" (`.spec.chart.spec.version`). NIST SP 800-53, SI-7.
"""

import re
from collections.abc import Iterator

from gitops_guard.finding import MEDIUM
from gitops_guard.model.delivery import KustomizationFile, is_fixed_revision, is_fixed_version
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.syntax.field import Field

_REMOTE = r"(?i)(?:git::)?(?:https?|ssh|git)://|git@|(?:github\.com|gitlab\.com|bitbucket\.org)[/:]"
_REVISION = r"(?:^|&)(?:ref|version)=([^&]+)"
_FILE = r"(?i)\.(?:ya?ml|json)$"
_MOVING = frozenset(("head", "latest", "main", "master", "develop", "trunk"))
_KUSTOMIZE = "kustomize.config.k8s.io"
_FLUX_HELM = "helm.toolkit.fluxcd.io"


def check(value: KubernetesObject | KustomizationFile, _: RuleContext) -> Iterator[Problem]:
    """Reports what is fetched at no fixed version."""
    if isinstance(value, KustomizationFile):
        yield from _kustomization(value.root)
    elif value.kind == "HelmRelease":
        if value.api_group == _FLUX_HELM:
            yield from _release(value.spec["chart"]["spec"])
    elif value.api_group == _KUSTOMIZE:
        yield from _kustomization(value.field)


def _kustomization(root: Field) -> Iterator[Problem]:
    for key in ("resources", "bases", "components"):
        for item in root[key].items():
            if re.match(_REMOTE, item.text):
                why = _why_moving(item.text)
                if why:
                    yield Problem(item, f"is fetched from elsewhere at {why}: name a commit or a tag, or keep a copy")
    for chart in root["helmCharts"].items():
        if not is_fixed_version(chart["version"].text):
            shown = chart["version"].text or "any version"
            yield Problem(chart["version"], f"chart {chart['name'].text} is taken at {shown}: name one version")


def _why_moving(address: str) -> str:
    """What an address is fetched at, if that moves; empty where it is fixed."""
    path, _, query = address.partition("?")
    revision = re.search(_REVISION, query)
    if revision is not None:
        return "" if is_fixed_revision(revision[1]) else revision[1]
    if not re.search(_FILE, path):
        return "the default branch"
    return next((part for part in path.split("/") if part.lower() in _MOVING), "")


def _release(chart: Field) -> Iterator[Problem]:
    version, kind = chart["version"], chart["sourceRef"]["kind"].text
    # A chart out of a git repository has the version of its commit.
    if chart.exists and kind not in {"GitRepository", "Bucket"} and not is_fixed_version(version.text):
        shown = version.text or "any version"
        yield Problem(version, f"chart {chart['chart'].text} is taken at {shown}: name one version")


_FILE_OF = "resources:\n  - {}\n"
_PLACE = "https://github.com/example/shop//deploy/base"
_RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: shop
spec:
  chart:
    spec:
      chart: shop
      sourceRef:
        kind: HelmRepository
        name: shop
"""


def _example(address: str) -> Example:
    return Example(_FILE_OF.format(address), at="resources[0]", path="kustomization.yaml")


def _silent(address: str) -> Example:
    return Example(_FILE_OF.format(address), path="kustomization.yaml")


RULE = Rule(
    id="GG-GIT-005",
    name="unpinned-remote-source",
    title="Remote kustomize base, Helm chart or CRD without a pin",
    severity=MEDIUM,
    applies_to=(KubernetesObject, KustomizationFile),
    kinds=("Kustomization", "Component", "HelmRelease"),
    check=check,
    aliases=(),
    controls=(
        "cis_k8s:5.5.1",
        "nsa:pod-image-build",
        "mitre:T1195.002",
        "sp800_190:4.1.5",
        "sp800_53:SI-7",
        "sp800_53:SR-3",
        "pci:6.3.2",
        "owasp_k8s_2025:K04",
    ),
    bad=(
        _example(_PLACE),
        _example(f"{_PLACE}?ref=main"),
        _example("github.com/example/shop/deploy"),
        _example("https://raw.githubusercontent.com/example/shop/main/crds.yaml"),
        _example("https://github.com/example/shop/releases/latest/download/install.yaml"),
        Example(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n" + _FILE_OF.format(_PLACE),
            at="resources[0]",
        ),
        Example("helmCharts:\n  - name: shop\n", at="helmCharts[0].version", path="kustomization.yaml"),
        Example(_RELEASE, at="spec.chart.spec.version"),
        Example(
            _RELEASE.replace("chart: shop\n", 'chart: shop\n      version: ">=1.0.0 <2"\n'),
            at="spec.chart.spec.version",
        ),
    ),
    good=(
        _silent("../base"),
        _silent(f"{_PLACE}?ref=v1.4.2"),
        _silent(f"{_PLACE}?ref={'5c' * 20}"),
        _silent("https://raw.githubusercontent.com/example/shop/v1.4.2/crds.yaml"),
        _silent("https://github.com/example/shop/releases/download/v1.4.2/install.yaml"),
        Example(_RELEASE.replace("chart: shop\n", "chart: shop\n      version: 1.4.2\n")),
        Example(_RELEASE.replace("HelmRepository", "GitRepository")),
    ),
)
