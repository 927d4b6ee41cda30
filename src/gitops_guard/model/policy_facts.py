"""Reads of a NetworkPolicy what only the rest of the repository can judge: whom it selects, its peers and ports."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.model.inventory import PlaceOf, PolicyFact, scope_of
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.metadata_service import is_reachable
from gitops_guard.model.selector import Selector, selector
from gitops_guard.syntax.field import Field


class PeerFact(NamedTuple):
    """Pods that a policy names as peers.

    `namespaces` None: those of the policy's own namespace; `pods` None: every pod. `place` is that of the selector of
    namespaces if there is one, else that of the pods.
    """

    place: Place
    direction: str
    namespaces: Selector | None
    pods: Selector | None


class PortFact(NamedTuple):
    """A single port that a rule opens, by name or number.

    `targets` are the peers of an egress rule, as pairs of the selectors of a `PeerFact`; None for an ingress rule,
    which opens ports of the pods that the policy itself selects. `place` is that of the `port`.
    """

    place: Place
    port: str | int
    protocol: str
    targets: tuple[tuple[Selector | None, Selector | None], ...] | None


def policy_fact(obj: KubernetesObject, path: str, place_of: PlaceOf) -> PolicyFact:
    """The fact that a NetworkPolicy leaves."""
    spec = obj.spec
    egress_field, selected = spec["egress"], selector(spec["podSelector"])
    ingress_rules, egress_rules = list(spec["ingress"].items()), list(egress_field.items())
    types = [item.text for item in spec["policyTypes"].items()]
    ingress = "Ingress" in types if types else True
    egress = "Egress" in types if types else bool(egress_rules)
    place = place_of(obj)

    def place_at(field: Field) -> Place:
        return place_of(KubernetesObject(obj.identity, field, obj.document))

    return PolicyFact(
        place,
        obj.identity,
        scope_of(obj.identity, path),
        selected,
        ingress,
        egress,
        ingress and not ingress_rules,
        egress and not egress_rules,
        any(_allows_dns(rule) for rule in egress_rules),
        egress_field.keypath,
        place if selected.is_empty else place_at(spec["podSelector"]),
        *_parts(ingress_rules, egress_rules, place_at),
        egress and any(is_reachable(rule) for rule in egress_rules),
    )


def _allows_dns(rule: Field) -> bool:
    """Whether an egress rule opens UDP port 53 (or 5353, as on OpenShift) to somewhere."""
    ports = list(rule["ports"].items())
    return not ports or any(_is_dns(port) for port in ports)


def _is_dns(port: Field) -> bool:
    if (port["protocol"].text or "TCP") != "UDP":
        return False
    number, end = port["port"], port["endPort"].integer
    if number.string is not None:
        return number.string.startswith("dns")
    low = number.integer
    return low is None or any(low <= wanted <= (end or low) for wanted in (53, 5353))


def _parts(
    ingress: Iterable[Field], egress: Iterable[Field], place: Callable[[Field], Place]
) -> tuple[tuple[PeerFact, ...], tuple[PortFact, ...]]:
    """The peers chosen by some label, and the single ports of rules whose targets are pods and nothing else."""
    peers: list[PeerFact] = []
    ports: list[PortFact] = []
    for direction, side, rules in (("ingress", "from", ingress), ("egress", "to", egress)):
        for rule in rules:
            named = rule[side]
            for peer in named.items():
                fact = _peer(peer, direction, place)
                if fact is not None:
                    peers.append(fact)
            opened = rule["ports"]
            if opened.is_sequence:
                ports += _ports(opened, named if direction == "egress" else None, place)
    return tuple(peers), tuple(ports)


def _peer(peer: Field, direction: str, place: Callable[[Field], Place]) -> PeerFact | None:
    pods, namespaces = peer["podSelector"], peer["namespaceSelector"]
    if namespaces.is_mapping:
        chosen = selector(namespaces)
        if chosen.is_empty:
            return None
        return PeerFact(place(namespaces), direction, chosen, selector(pods) if pods.is_mapping else None)
    if not pods.is_mapping or not any(True for _ in pods.entries()):
        return None
    return PeerFact(place(pods), direction, None, selector(pods))


def _ports(ports: Field, peers: Field | None, place: Callable[[Field], Place]) -> Iterator[PortFact]:
    targets = None if peers is None else _targets(peers)
    for port in () if targets == () else ports.items():
        field = port["port"]
        value = field.string or field.integer
        if value and not port["endPort"].exists:
            yield PortFact(place(field), value, port["protocol"].text or "TCP", targets)


def _targets(peers: Field) -> tuple[tuple[Selector | None, Selector | None], ...]:
    """The pods that an egress rule leads to; none where it leads elsewhere too."""
    found = []
    for peer in peers.items():
        namespaces, pods = peer["namespaceSelector"], peer["podSelector"]
        if not (namespaces.is_mapping or pods.is_mapping) or peer["ipBlock"].exists:
            return ()
        found.append((
            selector(namespaces) if namespaces.is_mapping else None,
            selector(pods) if pods.is_mapping else None,
        ))  # fmt: skip
    return tuple(found)
