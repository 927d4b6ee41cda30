"""Bindings that give rights to the wrong subject."""

from collections.abc import Iterator

from gitops_guard.finding import CRITICAL, MEDIUM
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.syntax.field import Field

_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
_GROUP = "rbac.authorization.k8s.io"
_ADMINISTRATORS = frozenset(("system:masters", "system:kube-controller-manager"))
_ANYBODY = frozenset(("system:anonymous", "system:unauthenticated", "system:authenticated"))
_PUBLIC_ROLES = frozenset(("system:discovery", "system:basic-user", "system:public-info-viewer"))


def _subjects(binding: KubernetesObject) -> Iterator[Field]:
    if binding.api_group == _GROUP:
        yield from binding.field["subjects"].items()


def check_cluster_admin(binding: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports bindings of `cluster-admin` to anybody but the control plane."""
    role = binding.field["roleRef"]["name"]
    if role.string != "cluster-admin":
        return
    for subject in _subjects(binding):
        if subject["name"].text not in _ADMINISTRATORS:
            kind, name = subject["kind"].text or "subject", subject["name"].text
            reach = "of the cluster" if binding.kind == "ClusterRoleBinding" else "of the namespace"
            yield Problem(subject["name"], f"{kind} {name} becomes administrator {reach}")


def check_anonymous(binding: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports bindings to anonymous or to all authenticated users."""
    if binding.field["roleRef"]["name"].text in _PUBLIC_ROLES:
        return
    for subject in _subjects(binding):
        name = subject["name"].string
        if name in _ANYBODY:
            who = "everybody with any account" if name == "system:authenticated" else "everybody, without any login,"
            yield Problem(subject["name"], f"{who} gets {binding.field['roleRef']['name'].text or 'this role'}")


def check_default_account(binding: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports bindings to the service account `default`."""
    for subject in _subjects(binding):
        if subject["kind"].string == "ServiceAccount" and subject["name"].string == "default":
            namespace = subject["namespace"].text or binding.identity.namespace
            where = f" of {namespace}" if namespace else ""
            yield Problem(subject["name"], f"every pod{where} that names no service account gets these rights")


_CLUSTER = """apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: b
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {role}
subjects:
  - kind: {kind}
    name: {name}
"""

CLUSTER_ADMIN = Rule(
    id="GG-RBC-001",
    name="cluster-admin-binding",
    title="cluster-admin bound to a workload, group or wide subject",
    severity=CRITICAL,
    applies_to=KubernetesObject,
    kinds=_BINDINGS,
    check=check_cluster_admin,
    aliases=(
        "KSV111",
        "AVD-KSV-0111",
        "C-0185",
        "C-0035",
        "cluster-admin-role-binding",
        "clusterrolebindingClusterAdmin",
    ),
    controls=(
        "cis_k8s:5.1.1",
        "nsa:auth-rbac",
        "mitre:T1078.001",
        "mitre:T1098.006",
        "sp800_190:4.3.1",
        "sp800_53:AC-6",
        "sp800_53:AC-6(1)",
        "pci:7.2.1",
        "pci:7.2.2",
        "owasp_k8s_2025:K02",
    ),
    bad=(Example(_CLUSTER.format(role="cluster-admin", kind="ServiceAccount", name="ci"), at="subjects[0].name"),),
    good=(
        Example(_CLUSTER.format(role="cluster-admin", kind="Group", name="system:masters")),
        Example(_CLUSTER.format(role="view", kind="Group", name="developers")),
    ),
    page="""cluster-admin is bound.

## What it does
Reports every subject that a binding gives the ClusterRole `cluster-admin`, but those of the control plane itself.

## Why it matters
Whoever takes over the subject owns every workload, secret and node.

## Fix safety
No automatic fix: the rights that the subject really needs are not known from Git.

## References
CIS Kubernetes Benchmark 1.12, 5.1.1.
""",
)

ANONYMOUS = Rule(
    id="GG-RBC-012",
    name="anonymous-binding",
    title="Binding to anonymous, unauthenticated or all authenticated users",
    severity=CRITICAL,
    applies_to=KubernetesObject,
    kinds=_BINDINGS,
    check=check_anonymous,
    aliases=("C-0262", "KSV-0123", "access-to-create-pods-anonymous"),
    controls=(
        "cis_k8s:5.1.1",
        "nsa:auth-authn",
        "mitre:T1078.001",
        "sp800_190:4.3.2",
        "sp800_53:AC-3",
        "sp800_53:AC-6",
        "pci:7.2.1",
        "pci:2.2.2",
        "owasp_k8s_2025:K09",
    ),
    bad=(
        Example(_CLUSTER.format(role="view", kind="User", name="system:anonymous"), at="subjects[0].name"),
        Example(_CLUSTER.format(role="edit", kind="Group", name="system:authenticated"), at="subjects[0].name"),
    ),
    good=(Example(_CLUSTER.format(role="system:public-info-viewer", kind="Group", name="system:unauthenticated")),),
    page="""Anybody gets a role.

## What it does
Reports bindings to `system:anonymous`, `system:unauthenticated` and `system:authenticated`. The roles that Kubernetes
itself opens for discovery are left out.

## Why it matters
On many clusters `system:authenticated` holds every account of the identity provider; the other two hold everybody who
can reach the API server.

## Fix safety
No automatic fix: name the users or groups that need the role.

## References
Kubernetes, "Using RBAC Authorization", default roles and role bindings.
""",
)

DEFAULT_SERVICE_ACCOUNT = Rule(
    id="GG-RBC-014",
    name="default-service-account-binding",
    title="Rights for the default service account",
    severity=MEDIUM,
    applies_to=KubernetesObject,
    kinds=_BINDINGS,
    check=check_default_account,
    aliases=("CKV_K8S_42", "CKV_K8S_41", "C-0189", "KSV-0121", "access-default-service-account"),
    controls=(
        "cis_k8s:5.1.5",
        "nsa:auth-rbac",
        "mitre:T1528",
        "mitre:T1078.001",
        "sp800_190:4.3.2",
        "sp800_53:AC-6",
        "sp800_53:AC-2",
        "pci:7.2.5",
        "owasp_k8s_2025:K02",
    ),
    bad=(Example(_CLUSTER.format(role="view", kind="ServiceAccount", name="default"), at="subjects[0].name"),),
    good=(
        Example(_CLUSTER.format(role="view", kind="ServiceAccount", name="reader")),
        Example(_CLUSTER.format(role="view", kind="User", name="default")),
    ),
    page="""Rights for the default service account.

## What it does
Reports bindings whose subject is a service account called `default`.

## Why it matters
Every pod that names no service account runs as `default`, and so gets the rights too.

## Fix safety
No automatic fix: the workload that needs the rights should get a service account of its own.

## References
CIS Kubernetes Benchmark 1.12, 5.1.5.
""",
)
