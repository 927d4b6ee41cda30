"""Reads AdminNetworkPolicy and BaselineAdminNetworkPolicy (policy.networking.k8s.io/v1alpha1)."""

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.selector import Selector
from gitops_guard.network import strict_reading as strict
from gitops_guard.network.addresses import joined
from gitops_guard.network.cluster import AdminPolicy, AdminRule, Peer, PodPeer, RulePort
from gitops_guard.network.policy_reading import cidr
from gitops_guard.network.strict_reading import Errors
from gitops_guard.syntax.field import Field

ADMIN_KINDS = frozenset(("AdminNetworkPolicy", "BaselineAdminNetworkPolicy"))
API_VERSION = "policy.networking.k8s.io/v1alpha1"
_LAST_PRIORITY = 1000
_SPEC = frozenset(("priority", "subject", "ingress", "egress"))
_SUBJECT = frozenset(("namespaces", "pods"))
_PODS = frozenset(("namespaceSelector", "podSelector"))
_INGRESS_PEERS = ("namespaces", "pods")
_EGRESS_PEERS = ("namespaces", "pods", "networks", "nodes", "domainNames")
_PORTS = ("portNumber", "portRange", "namedPort")
_NUMBER = frozenset(("protocol", "port"))
_RANGE = frozenset(("protocol", "start", "end"))
ALL_NAMESPACES = PodPeer(Selector(()), None)


def admin_policy(obj: KubernetesObject, errors: Errors) -> AdminPolicy:
    """Reads an admin policy. What is wrong with it goes into `errors`, and makes it unreadable as a whole."""
    spec = obj.spec
    if obj.identity.api_version != API_VERSION:
        errors.add(obj.field["apiVersion"], f"the API version {obj.identity.api_version} is not known here")
        return unreadable(obj, errors)
    is_baseline = obj.kind == "BaselineAdminNetworkPolicy"
    subject = _subject(spec["subject"], errors)
    if errors.first:
        subject = ALL_NAMESPACES
    strict.known_keys(spec, _SPEC - {"priority"} if is_baseline else _SPEC, errors)
    if is_baseline and obj.identity.name != "default":
        errors.add(obj.metadata["name"], "a BaselineAdminNetworkPolicy must be named `default`")
    actions = frozenset(("Allow", "Deny") if is_baseline else ("Allow", "Deny", "Pass"))
    read = AdminPolicy(
        obj.identity.name,
        obj.kind,
        None if is_baseline else _priority(spec["priority"], errors),
        subject,
        tuple(_rule(item, "from", _INGRESS_PEERS, actions, errors) for item in strict.items(spec["ingress"], errors)),
        tuple(_rule(item, "to", _EGRESS_PEERS, actions, errors) for item in strict.items(spec["egress"], errors)),
        "",
        errors.place(obj.field),
    )
    return unreadable(obj, errors, subject)._replace(priority=read.priority) if errors.first else read


def unreadable(obj: KubernetesObject, errors: Errors, subject: PodPeer = ALL_NAMESPACES) -> AdminPolicy:
    """A policy of which nothing but its subject is known: it may come first, and decide on both directions."""
    place = errors.place(obj.field)
    unknown = (AdminRule("Deny", (), None, place),)
    return AdminPolicy(obj.identity.name, obj.kind, 0, subject, unknown, unknown, errors.first, place)


def _priority(field: Field, errors: Errors) -> int:
    found = field.integer
    if found is None or not 0 <= found <= _LAST_PRIORITY:
        errors.add(field, f"the priority {field.text!r} is no number from 0 to {_LAST_PRIORITY}")
        return 0
    return found


def _subject(field: Field, errors: Errors) -> PodPeer:
    strict.known_keys(field, _SUBJECT, errors)
    if _only(field, _INGRESS_PEERS, errors) is None:
        return ALL_NAMESPACES
    return _pods(field, errors)


def _only(field: Field, names: tuple[str, ...], errors: Errors) -> str | None:
    """The one of the names that is set; an error for none and for several."""
    found = [name for name in names if field[name].exists]
    if len(found) == 1:
        return found[0]
    errors.add(field, f"exactly one of {', '.join(names)} must be set")
    return None


def _pods(field: Field, errors: Errors) -> PodPeer:
    if field["namespaces"].exists:
        return PodPeer(strict.selector(field["namespaces"], errors), None)
    pods = field["pods"]
    strict.known_keys(pods, _PODS, errors)
    return PodPeer(strict.selector(pods["namespaceSelector"], errors), strict.selector(pods["podSelector"], errors))


def _rule(field: Field, side: str, kinds: tuple[str, ...], actions: frozenset[str], errors: Errors) -> AdminRule:
    strict.known_keys(field, frozenset(("name", "action", "ports", side)), errors)
    action = field["action"].text
    if action not in actions:
        errors.add(field["action"], f"unknown action {action!r}: it is {', '.join(sorted(actions))}")
    written = strict.items(field[side], errors)
    if not written:
        errors.add(field[side], f"`{side}` must name a peer")
    peers = [peer for item in written for peer in _peers(item, kinds, errors)]
    return AdminRule(action, tuple(peers), _ports(field["ports"], errors), errors.place(field))


def _peers(field: Field, kinds: tuple[str, ...], errors: Errors) -> tuple[Peer, ...]:
    strict.known_keys(field, frozenset(kinds), errors)
    match _only(field, kinds, errors):
        case "namespaces" | "pods":
            return (_pods(field, errors),)
        case "networks":
            return (joined(cidr(item, errors) for item in strict.items(field["networks"], errors)),)
        case "nodes" | "domainNames" as kind:
            errors.remark(field[kind], f"`{kind}` peers are not modelled: connections to them are not judged")
            return ()
        case _:
            return ()


def _ports(field: Field, errors: Errors) -> tuple[RulePort, ...] | None:
    if not field.exists:
        return None
    found = tuple(_port(item, errors) for item in strict.items(field, errors))
    if not found:
        errors.add(field, "an empty list of ports is read as every port by some implementations and as none by others")
    return found


def _port(field: Field, errors: Errors) -> RulePort:
    strict.known_keys(field, frozenset(_PORTS), errors)
    inner = field[_only(field, _PORTS, errors) or "namedPort"]
    match inner.key:
        case "portNumber":
            strict.known_keys(inner, _NUMBER, errors)
            word = strict.protocol(inner["protocol"], errors)
            port = inner["port"]
            return strict.span(word, port, port, errors)
        case "portRange":
            strict.known_keys(inner, _RANGE, errors)
            word = strict.protocol(inner["protocol"], errors)
            return strict.span(word, inner["start"], inner["end"], errors)
        case _:
            return RulePort("", 0, 0, strict.port_name(inner, errors))
