"""Reads NetworkPolicies (networking.k8s.io/v1) with the API server's defaults and its validation."""

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.selector import Selector
from gitops_guard.network import strict_reading as strict
from gitops_guard.network.addresses import AddressSet, block, joined
from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Peer, PodPeer, Policy, PolicyRule, RulePort
from gitops_guard.network.ports import LAST_PORT
from gitops_guard.network.strict_reading import Errors
from gitops_guard.syntax.field import Field

_SPEC = frozenset(("podSelector", "ingress", "egress", "policyTypes"))
_PEER = frozenset(("podSelector", "namespaceSelector", "ipBlock"))
_PORT = frozenset(("protocol", "port", "endPort"))
_BLOCK = frozenset(("cidr", "except"))
_TYPES = frozenset(("Ingress", "Egress"))
EVERYTHING = Selector(())


def policy(obj: KubernetesObject, errors: Errors) -> Policy:
    """Reads a NetworkPolicy. What is wrong with it goes into `errors`, and makes it unreadable as a whole."""
    spec = obj.spec
    if obj.identity.api_version != "networking.k8s.io/v1":
        errors.add(obj.field["apiVersion"], f"the API version {obj.identity.api_version} is not known here")
        return _unreadable(obj, errors)
    selector = strict.selector(spec["podSelector"], errors)
    if errors.first:
        selector = EVERYTHING
    strict.known_keys(spec, _SPEC, errors)
    types = _types(spec, errors)
    ingress = _rules(spec["ingress"], "from", errors)
    egress = _rules(spec["egress"], "to", errors)
    if errors.first and not spec["policyTypes"].exists and _may_govern_egress(spec):
        types = _TYPES
    return Policy(
        obj.identity.namespace or DEFAULT_NAMESPACE,
        obj.identity.name,
        selector,
        ingress if "Ingress" in types else None,
        egress if "Egress" in types else None,
        errors.first,
        errors.place(obj.field),
    )


def _unreadable(obj: KubernetesObject, errors: Errors) -> Policy:
    """A policy of which only the namespace is known: it may select every pod there, in both directions."""
    namespace = obj.identity.namespace or DEFAULT_NAMESPACE
    return Policy(namespace, obj.identity.name, EVERYTHING, (), (), errors.first, errors.place(obj.field))


def _types(spec: Field, errors: Errors) -> frozenset[str]:
    written = strict.items(spec["policyTypes"], errors)
    unknown = [item for item in written if item.text not in _TYPES]
    for item in unknown:
        errors.add(item, f"unknown policy type {item.text!r}: it is Ingress or Egress")
    if unknown:
        return _TYPES
    if written:
        return frozenset(item.text for item in written)
    return _TYPES if any(True for _ in spec["egress"].items()) else frozenset(("Ingress",))


def _may_govern_egress(spec: Field) -> bool:
    """Whether a spec that cannot be read may have rules for egress, under that name or misspelt."""
    return not spec.is_mapping or spec["egress"].exists or any(entry.key not in _SPEC for entry in spec.entries())


def _rules(field: Field, side: str, errors: Errors) -> tuple[PolicyRule, ...]:
    keys = frozenset((side, "ports"))
    return tuple(_rule(item, side, keys, errors) for item in strict.items(field, errors))


def _rule(field: Field, side: str, keys: frozenset[str], errors: Errors) -> PolicyRule:
    strict.known_keys(field, keys, errors)
    peers = tuple(_peer(item, errors) for item in strict.items(field[side], errors))
    ports = tuple(_port(item, errors) for item in strict.items(field["ports"], errors))
    return PolicyRule(peers or None, ports or None, errors.place(field))


def _peer(field: Field, errors: Errors) -> Peer:
    strict.known_keys(field, _PEER, errors)
    pods, namespaces, addresses = field["podSelector"], field["namespaceSelector"], field["ipBlock"]
    if addresses.exists:
        if pods.exists or namespaces.exists:
            errors.add(field, "a peer is an ipBlock or selectors, not both")
        return _block(addresses, errors)
    if not pods.exists and not namespaces.exists:
        errors.add(field, "a peer names no podSelector, namespaceSelector or ipBlock")
    return PodPeer(
        strict.selector(namespaces, errors) if namespaces.exists else None,
        strict.selector(pods, errors) if pods.exists else None,
    )


def _block(field: Field, errors: Errors) -> AddressSet:
    strict.known_keys(field, _BLOCK, errors)
    whole = cidr(field["cidr"], errors)
    holes = []
    for item in strict.items(field["except"], errors):
        hole = cidr(item, errors)
        if hole and whole:
            if hole & ~whole or hole == whole:
                errors.add(item, f"except {item.text} is not inside {field['cidr'].text} and smaller")
            holes.append(hole)
    return whole & ~joined(holes)


def cidr(field: Field, errors: Errors) -> AddressSet:
    """Reads a CIDR block; empty beside an error."""
    try:
        return block(field.text)
    except ValueError as error:
        errors.add(field, str(error))
        return AddressSet()


def _port(field: Field, errors: Errors) -> RulePort:
    strict.known_keys(field, _PORT, errors)
    word = strict.protocol(field["protocol"], errors)
    port, end = field["port"], field["endPort"]
    if not port.exists:
        if end.exists:
            errors.add(end, "`endPort` needs a numeric `port`")
        return RulePort(word, 1, LAST_PORT)
    if port.string is not None:
        if end.exists:
            errors.add(end, "`endPort` needs a numeric `port`")
        return RulePort(word, 0, 0, strict.port_name(port, errors))
    return strict.span(word, port, end if end.exists else port, errors)
