"""What Argo CD may deploy from where: projects and Applications."""

from collections.abc import Iterator

from gitops_guard.finding import HIGH, MEDIUM
from gitops_guard.model.delivery import applications, is_fixed_revision, is_fixed_version, repository, sources
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.syntax.field import Field


def check_project(project: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports an AppProject that allows everything of something."""
    if project.api_group != "argoproj.io":
        return
    name = project.identity.name
    for item in project.spec["sourceRepos"].items():
        if item.text == "*":
            yield Problem(item, f"project {name} deploys from any repository")
    for item in project.spec["destinations"].items():
        clusters = "*" in {item["server"].text, item["name"].text}
        if clusters and item["namespace"].text == "*":
            yield Problem(item, f"project {name} deploys to any namespace of any cluster")
    for item in project.spec["clusterResourceWhitelist"].items():
        if item["kind"].text == "*" and item["group"].text in {"*", "rbac.authorization.k8s.io"}:
            group = "of any group" if item["group"].text == "*" else "of the group rbac.authorization.k8s.io"
            yield Problem(item, f"project {name} deploys cluster-wide objects {group}")


def check_application(obj: KubernetesObject, context: RuleContext) -> Iterator[Problem]:
    """Reports Applications of the default project, and sources that move by themselves."""
    for spec in applications(obj):
        project = spec["project"]
        if project.text in {"", "default"}:
            yield Problem(project, "belongs to the project default, which allows everything unless it was narrowed")
        for source in sources(spec):
            yield from _moving(source, context.repository)


def _moving(source: Field, own: str) -> Iterator[Problem]:
    revision, address = source["targetRevision"], source["repoURL"].text
    if "{{" in revision.text + address:
        return
    if source["chart"].exists:
        if not is_fixed_version(revision.text):
            shown = revision.text or "any version"
            yield Problem(revision, f"chart {source['chart'].text} of {address} is taken at {shown}: name one version")
    elif own and repository(address) not in {"", own} and not is_fixed_revision(revision.text):
        shown = revision.text or "HEAD"
        yield Problem(revision, f"{address} is another repository and tracked at {shown}: name a commit or a tag")


_PROJECT = """apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: shop
spec:
  sourceRepos:
    - https://git.example.org/shop/deploy
  destinations:
    - server: https://kubernetes.default.svc
      namespace: shop
"""
_ANYWHERE = _PROJECT.replace("https://kubernetes.default.svc", "'*'").replace("namespace: shop", "namespace: '*'")
_APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
spec:
  project: shop
  source:
    repoURL: https://git.example.org/shop/deploy
    targetRevision: main
    path: apps/shop
"""
_CHART = _APPLICATION.replace("path: apps/shop", "chart: shop")

PROJECT = Rule(
    id="GG-GIT-001",
    name="unlimited-project",
    title="Argo CD AppProject allows any repo, destination or cluster resource",
    severity=HIGH,
    applies_to=KubernetesObject,
    kinds=("AppProject",),
    check=check_project,
    aliases=(),
    controls=(
        "cis_k8s:5.1.3",
        "nsa:auth-rbac",
        "mitre:T1098.006",
        "sp800_190:4.3.1",
        "sp800_53:AC-6",
        "sp800_53:CM-5",
        "pci:7.2.2",
        "pci:6.5.1",
        "owasp_k8s_2025:K02",
    ),
    bad=(
        Example(_PROJECT.replace("https://git.example.org/shop/deploy", "'*'"), at="spec.sourceRepos[0]"),
        Example(_ANYWHERE, at="spec.destinations[0]"),
        Example(
            _PROJECT + "  clusterResourceWhitelist:\n    - group: '*'\n      kind: '*'\n",
            at="spec.clusterResourceWhitelist[0]",
        ),
    ),
    good=(
        Example(_PROJECT),
        Example(_PROJECT + "  clusterResourceWhitelist:\n    - group: ''\n      kind: Namespace\n"),
        Example(_PROJECT.replace("namespace: shop", "namespace: 'shop-*'")),
    ),
    page="""Argo CD AppProject allows any repository, destination or cluster-wide object.

## What it does
Reports AppProjects whose `sourceRepos` has `*`, whose `destinations` have every namespace of every cluster, or whose
`clusterResourceWhitelist` has every kind (of all groups, or of RBAC).

## Why it matters
A project is the border between teams: without one, whoever may create an Application deploys anything anywhere with the
rights of Argo CD.

## Fix safety
No automatic fix: list what the Applications of the project use.

## References
Argo CD, "Projects". CIS Kubernetes Benchmark 1.12, 5.1.3.
""",
)

APPLICATION = Rule(
    id="GG-GIT-002",
    name="moving-source",
    title="Argo CD Application tracks a branch head of an external repo or uses the default project",
    severity=MEDIUM,
    applies_to=KubernetesObject,
    kinds=("Application", "ApplicationSet"),
    check=check_application,
    aliases=(),
    controls=(
        "cis_k8s:5.5.1",
        "nsa:pod-image-build",
        "mitre:T1195.002",
        "sp800_190:4.1.5",
        "sp800_53:CM-3",
        "sp800_53:SR-3",
        "pci:6.5.1",
        "owasp_k8s_2025:K04",
    ),
    bad=(
        Example(_CHART, at="spec.source.targetRevision"),
        Example(_CHART.replace("main", "1.*"), at="spec.source.targetRevision"),
        Example(_APPLICATION.replace("project: shop", "project: default"), at="spec.project"),
        Example(_APPLICATION, at="spec.source.targetRevision", repository="git.example.org/shop/manifests"),
    ),
    good=(
        Example(_APPLICATION),
        Example(_APPLICATION, repository="git.example.org/shop/deploy"),
        Example(_CHART.replace("main", "1.4.2")),
        Example(_APPLICATION.replace("main", "v1.4.2"), repository="git.example.org/shop/manifests"),
    ),
    page="""Argo CD Application tracks what others may move, or belongs to the default project.

## What it does
Reports Applications (and templates of ApplicationSets) of the project `default`, charts whose version is missing or a
range, and git sources of other repositories at a branch. Which repository this is, the remote `origin` of the clone
says; where that is not known, git sources are not judged.

## Why it matters
What is deployed then changes without a commit here: nobody reviewed it, and nothing tells what ran yesterday. The
project `default` allows every source and destination unless it was narrowed.

## Fix safety
No automatic fix: which version is meant, only its owners know.

## References
Argo CD, "Tracking and Deployment Strategies" and "Projects".
""",
)
