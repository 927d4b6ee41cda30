"""Which workloads have rights on the API server and a token to use them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Located
from gitops_guard.network.sources.pods import PodFact

BINDING_KINDS = frozenset(("ClusterRoleBinding", "RoleBinding"))
_EVERY = "system:serviceaccounts"


class Binding(NamedTuple):
    """Rights of a service account; `account` empty: each of the namespace, `namespace` empty: of all namespaces."""

    namespace: str
    account: str
    binding: str
    place: Place


class Token(NamedTuple):
    """Whether the pods of a service account get its token, where they do not say so themselves."""

    namespace: str
    account: str
    automount: bool | None


def bindings(located: Located) -> Iterator[Binding]:
    """The service accounts that a binding gives rights to."""
    obj = located.object
    if obj.kind not in BINDING_KINDS or obj.api_group != "rbac.authorization.k8s.io":
        return
    own = obj.identity.namespace or DEFAULT_NAMESPACE
    named = f"{obj.kind} {obj.identity.name}"
    for subject in obj.field["subjects"].items():
        kind, name = subject["kind"].text, subject["name"].text
        if kind == "ServiceAccount" and name:
            yield Binding(subject["namespace"].text or own, name, named, located.place_of(subject["name"]))
        elif kind == "Group" and (name == _EVERY or name.startswith(f"{_EVERY}:")):
            namespace = name.removeprefix(_EVERY).removeprefix(":")
            yield Binding(namespace, "", named, located.place_of(subject["name"]))


def token(located: Located) -> Token | None:
    """What a ServiceAccount says of its token."""
    obj = located.object
    if obj.kind != "ServiceAccount" or obj.api_group:
        return None
    value = obj.field["automountServiceAccountToken"].value
    return Token(
        obj.identity.namespace or DEFAULT_NAMESPACE, obj.identity.name, value if isinstance(value, bool) else None
    )


class Rights:
    """The bindings of a repository, by account."""

    def __init__(self, found: Iterable[Binding], tokens: Iterable[Token]) -> None:
        self._by_account: dict[tuple[str, str], Binding] = {}
        for binding in found:
            self._by_account.setdefault((binding.namespace, binding.account), binding)
        self._automount = {(one.namespace, one.account): one.automount for one in tokens}

    def of(self, pods: PodFact) -> Binding | None:
        """A binding that a workload can use: its account has rights and its token is mounted."""
        namespace, account = pods.workload.namespace, pods.account
        mounted = account.mounts_own or _first(account.automount, self._automount.get((namespace, account.name)))
        if not mounted:
            return None
        keys = ((namespace, account.name), (namespace, ""), ("", ""))
        return next((self._by_account[key] for key in keys if key in self._by_account), None)


def _first(*flags: bool | None) -> bool:
    """The first that is said; a token is mounted where nobody says otherwise."""
    return next((flag for flag in flags if flag is not None), True)
