"""Permissions that are wider than anybody can review: wildcards, and the verbs that lead to any other right."""

from collections.abc import Iterator

from gitops_guard.finding import CRITICAL, HIGH
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.syntax.field import Field

_ROLES = ("Role", "ClusterRole")
_ESCALATING = ("bind", "escalate", "impersonate")
_GROUP = "rbac.authorization.k8s.io"


def _rules(role: KubernetesObject) -> Iterator[Field]:
    if role.api_group == _GROUP:
        yield from role.field["rules"].items()


def check_wildcard(role: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports `*` in verbs, resources and API groups."""
    for rule in _rules(role):
        for part in ("verbs", "resources", "apiGroups"):
            for item in rule[part].items():
                if item.string == "*" and not _only_metrics(rule):
                    yield Problem(item, f"{role.identity} allows every {_SINGULAR[part]}: name those that are used")


_SINGULAR = {"verbs": "verb", "resources": "resource", "apiGroups": "API group"}


def _only_metrics(rule: Field) -> bool:
    """Whether a rule only reads non-resource URLs, where `*` in verbs gives no right on objects."""
    return rule["nonResourceURLs"].exists and not rule["resources"].exists


def check_escalation(role: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports the verbs bind, escalate and impersonate without resource names."""
    for rule in _rules(role):
        if any(True for _ in rule["resourceNames"].items()):
            continue
        for verb in rule["verbs"].items():
            if verb.string in _ESCALATING:
                yield Problem(
                    verb,
                    f"{role.identity} may {verb.string}: whoever holds it can give itself any right of the cluster",
                )


_HEAD = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: operator\nrules:\n"

WILDCARD = Rule(
    id="GG-RBC-002",
    name="wildcard-permission",
    title="Wildcard verb, resource or API group",
    severity=HIGH,
    applies_to=KubernetesObject,
    kinds=_ROLES,
    check=check_wildcard,
    aliases=(
        "CKV_K8S_49",
        "KSV044",
        "KSV045",
        "KSV046",
        "AVD-KSV-0044",
        "AVD-KSV-0045",
        "AVD-KSV-0046",
        "C-0187",
        "wildcard-in-rules",
    ),
    controls=(
        "cis_k8s:5.1.3",
        "nsa:auth-rbac",
        "mitre:T1098.006",
        "sp800_190:4.3.1",
        "sp800_53:AC-6",
        "pci:7.2.2",
        "owasp_k8s_2025:K02",
    ),
    bad=(
        Example(_HEAD + '  - apiGroups: [""]\n    resources: ["*"]\n    verbs: [get]\n', at="rules[0].resources[0]"),
        Example(
            _HEAD + "  - apiGroups:\n      - '*'\n    resources:\n      - pods\n    verbs:\n      - '*'\n",
            at=("rules[0].verbs[0]", "rules[0].apiGroups[0]"),
        ),
    ),
    good=(
        Example(_HEAD + '  - apiGroups: [""]\n    resources: [pods]\n    verbs: [get, list]\n'),
        Example(_HEAD + '  - nonResourceURLs: ["/metrics"]\n    verbs: ["*"]\n'),
        Example("apiVersion: example.org/v1\nkind: Role\nmetadata:\n  name: r\nrules:\n  - verbs: ['*']\n"),
    ),
    page="""Role allows a wildcard.

## What it does
Reports `*` among the verbs, resources or API groups of a Role or ClusterRole. Rules on non-resource URLs are left out.

## Why it matters
A wildcard also covers what the API will offer tomorrow: secrets, custom resources, subresources such as `pods/exec`.

## Fix safety
No automatic fix: which verbs and resources are used cannot be read from the role.

## References
CIS Kubernetes Benchmark 1.12, 5.1.3. Kubernetes, "Role Based Access Control Good Practices".
""",
)

ESCALATION = Rule(
    id="GG-RBC-005",
    name="escalation-verb",
    title="bind, escalate or impersonate verb",
    severity=CRITICAL,
    applies_to=KubernetesObject,
    kinds=_ROLES,
    check=check_escalation,
    aliases=("CKV_K8S_157", "CKV_K8S_158", "KSV043", "AVD-KSV-0043", "C-0191", "C-0065"),
    controls=(
        "cis_k8s:5.1.8",
        "nsa:auth-rbac",
        "mitre:T1098.006",
        "mitre:T1134",
        "sp800_190:4.3.2",
        "sp800_53:AC-6(1)",
        "pci:7.2.2",
        "owasp_k8s_2025:K02",
    ),
    bad=(
        Example(
            _HEAD
            + "  - apiGroups: [rbac.authorization.k8s.io]\n    resources: [clusterroles]\n    verbs: [get, escalate]\n",
            at="rules[0].verbs[1]",
        ),
    ),
    good=(
        Example(
            _HEAD + "  - apiGroups: ['']\n    resources: [users]\n    resourceNames: [ci]\n    verbs: [impersonate]\n"
        ),
        Example(_HEAD + "  - apiGroups: ['']\n    resources: [bindings]\n    verbs: [create]\n"),
    ),
    page="""Role may bind, escalate or impersonate.

## What it does
Reports the verbs `bind`, `escalate` and `impersonate` in rules that do not limit them by `resourceNames`.

## Why it matters
Each of them lets its holder obtain rights that were never given to it, up to those of a cluster administrator.

## Fix safety
No automatic fix: limit the rule by `resourceNames`, or remove the verb.

## References
CIS Kubernetes Benchmark 1.12, 5.1.8. Kubernetes, "Using RBAC Authorization", privilege escalation prevention.
""",
)
