"""What a picture of the connections shows: nodes in namespaces, and the links worth drawing.

Not every allowed connection is a link: in a cluster without policies everything may connect to everything. A workload
that is open to all says so itself; links are what the manifests need, and what policies single out.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.network import evidence as words
from gitops_guard.network.addresses import ALL_ADDRESSES
from gitops_guard.network.cluster import EGRESS, INGRESS
from gitops_guard.network.connections import Connections, Exposure
from gitops_guard.network.evidence import Edge as Need
from gitops_guard.network.exposure import CLOSED as BLOCKED
from gitops_guard.network.exposure import DEPENDS
from gitops_guard.network.judging import Judged, Judgement
from gitops_guard.network.population import bits
from gitops_guard.network.verify import ALLOWED, DENIED

OPEN = "open"
WIDE = "wide"
LIMITED = "limited"
CLOSED = "closed"
HOST = "host"

NEEDED = "needed"
LOST = "denied"
UNSURE = "unsure"
EXTRA = "extra"
INTO = "into"
MAYBE = "maybe"

INTERNET = "the internet"
CONTROLLER = "ingress controller"
MONITORING = "monitoring"
API_SERVER = "API server"
OUTSIDE = "outside"

MOST_NODES = 120
"""Beyond so many workloads, a namespace is one node."""

_MOST_EXTRA = 150
_MOST_HOSTS = 6
_MOST_LOOKED_AT = 20_000
_WHOLE = 3


class Node(NamedTuple):
    """A workload, or in a large cluster a namespace, or something outside.

    `ingress` and `egress` are `open` (no policy limits it), `wide` (a policy that lets everybody through), `limited`,
    `closed`, `host` (on the host's network), or empty outside. `box` is the namespace, empty outside. `size` is how
    many workloads it stands for.
    """

    key: str
    title: str
    kind: str
    box: str
    ports: tuple[str, ...]
    ingress: str
    egress: str
    exposed: bool
    size: int = 1


class Link(NamedTuple):
    """An arrow from a node, or from all of a namespace (`box:NAME`), to a node or namespace.

    `kind` is `needed` and allowed, `denied`, `unsure`, `extra` (allowed, and nothing asks for it), `into` (from
    outside) or `maybe` (from outside, if the ingress controller is admitted).
    """

    source: str
    target: str
    kind: str
    ports: tuple[str, ...]
    why: str = ""


class Scene(NamedTuple):
    """All of it. `is_collapsed`: nodes are namespaces. `left_out` counts links of kind `extra` that are not shown."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    is_collapsed: bool
    left_out: int


def scene(judgement: Judgement) -> Scene:
    """The picture of a cluster and what it needs."""
    found = judgement.verification.connections
    states = _States(found)
    exposed = {one.workload for one in found.exposures if one.verdict != BLOCKED}
    nodes = [_node(found, name, numbers, states, name in exposed) for name, numbers in sorted(found.numbers.items())]
    links = [*_into(found.exposures), *_needs(judgement.needs, _hosts(judgement.needs))]
    known = {link[:2] for link in links}
    extra = [link for link in _extra(found, states) if link[:2] not in known]
    if len(nodes) > MOST_NODES:
        return _collapsed(nodes, links, extra)
    kept = extra if len(extra) <= _MOST_EXTRA else []
    return _complete(nodes, [*links, *kept], is_collapsed=False, left_out=len(extra) - len(kept))


def _complete(nodes: list[Node], links: list[Link], *, is_collapsed: bool, left_out: int) -> Scene:
    """The scene with a node for everything outside that a link names; equal links are one, and loops are left out."""
    joined: dict[tuple[str, str, str], Link] = {}
    for link in links:
        if link.source == link.target:
            continue
        key = link[:3]
        known = joined.get(key)
        ports = link.ports if known is None else tuple(dict.fromkeys((*known.ports, *link.ports)))
        joined[key] = (known or link)._replace(ports=ports)
    known_keys = {node.key for node in nodes}
    outside = {end for link in joined.values() for end in link[:2] if not end.startswith("box:")} - known_keys
    others = [Node(name, name, "", "", (), "", "", exposed=False) for name in sorted(outside)]
    return Scene((*nodes, *others), tuple(joined.values()), is_collapsed, left_out)


class _States:
    """How open each workload is, by direction."""

    def __init__(self, found: Connections) -> None:
        self._found = found
        everyone = sum(1 << number for number in found.workloads)
        self._free = everyone & ~found.isolated[EGRESS]
        self._sending = _union(mask for openings in found.incoming.values() for _, mask in openings)

    def ingress(self, number: int) -> str:
        """Who may connect to it."""
        found, bit = self._found, 1 << number
        if found.workloads[number].host_network:
            return HOST
        if not found.isolated[INGRESS] & bit:
            return OPEN
        sources = _union(mask for _, mask in found.incoming.get(number, ()))
        outside = found.outside[number].incoming
        if any(region == ALL_ADDRESSES for _, region in outside):
            return WIDE
        others = self._free & ~bit
        if others.bit_count() >= _WHOLE and not others & ~sources:
            return WIDE
        return LIMITED if sources or outside else CLOSED

    def egress(self, number: int) -> str:
        """Where it may connect to."""
        found, bit = self._found, 1 << number
        if found.workloads[number].host_network:
            return HOST
        if not found.isolated[EGRESS] & bit:
            return OPEN
        outgoing = found.outside[number].outgoing
        if any(region == ALL_ADDRESSES for _, region in outgoing):
            return WIDE
        return LIMITED if outgoing or self._sending & bit else CLOSED


_ORDER = (CLOSED, LIMITED, WIDE, HOST, OPEN)


def _node(found: Connections, name: str, numbers: list[int], states: _States, is_exposed: bool) -> Node:  # noqa: FBT001 - a fact of the node, not a switch
    namespace, kind, title = name.split("/", 2)
    ports = dict.fromkeys(f"{p.protocol} {p.number}" for number in numbers for p in found.workloads[number].ports)
    ingress = max((states.ingress(number) for number in numbers), key=_ORDER.index)
    egress = max((states.egress(number) for number in numbers), key=_ORDER.index)
    return Node(name, title, kind, namespace, tuple(ports), ingress, egress, is_exposed)


def _into(exposures: Iterable[Exposure]) -> Iterator[Link]:
    for one in exposures:
        if one.verdict == BLOCKED:
            continue
        source = CONTROLLER if one.addresses is None else INTERNET
        ports = (one.asked if one.verdict == DEPENDS else one.ports).words
        why = f"{one.via} in {one.place.where}"
        yield Link(source, one.workload, MAYBE if one.verdict == DEPENDS else INTO, ports, why)


_KINDS = {ALLOWED: NEEDED, DENIED: LOST}
_INCOMING = {words.VIA_INGRESS: CONTROLLER, words.VIA_MONITORING: MONITORING}


def _hosts(needs: Iterable[Judged]) -> frozenset[str]:
    """The hosts outside, if they are few enough for a node each."""
    found = frozenset(one.need.host or one.need.target for one in needs if _is_outside(one.need.target))
    return found if len(found) <= _MOST_HOSTS else frozenset()


def _is_outside(name: str) -> bool:
    return name == words.EXTERNAL or name.count("/") == 1


def _needs(needs: Iterable[Judged], hosts: frozenset[str]) -> Iterator[Link]:
    for one in needs:
        need = one.need
        ends = _ends(need, hosts)
        if need.source == words.EXTERNAL and one.status == ALLOWED and ends[0] in {INTERNET, CONTROLLER}:
            continue
        proof = need.evidence[0]
        why = f"{proof.text} in {proof.place.where}"
        yield Link(*ends, _KINDS.get(one.status, UNSURE), need.ports, why)


def _ends(need: Need, hosts: frozenset[str]) -> tuple[str, str]:
    source, target = need.source, need.target
    if _is_outside(source):
        source = _INCOMING.get(need.via, INTERNET)
    if need.via == words.VIA_API_SERVER:
        target = API_SERVER
    elif _is_outside(target):
        host = need.host or target
        target = host if host in hosts and host != words.EXTERNAL else OUTSIDE
    return source, target


def _extra(found: Connections, states: _States) -> list[Link]:
    """What policies single out: the sources of workloads that are limited, and the targets of sources that are."""
    spaces: dict[str, int] = {}
    for number, workload in found.workloads.items():
        spaces[workload.namespace] = spaces.get(workload.namespace, 0) | 1 << number
    limited = {number for number in found.workloads if states.ingress(number) == LIMITED}
    senders = found.isolated[EGRESS]
    links: dict[Link, None] = {}
    for target, openings in found.incoming.items():
        for ports, mask in openings:
            shown = mask if target in limited else mask & senders
            for source in _sources(found, shown, spaces, target):
                links[Link(source, found.workloads[target].id, EXTRA, ports.words)] = None
                if len(links) >= _MOST_LOOKED_AT:
                    return list(links)
    return list(links)


def _sources(found: Connections, mask: int, spaces: dict[str, int], target: int) -> Iterator[str]:
    own = 1 << target
    for namespace, whole in spaces.items():
        here = mask & whole
        others = whole & ~own
        if others.bit_count() >= _WHOLE and here & ~own == others:
            yield f"box:{namespace}"
        else:
            yield from (found.workloads[number].id for number in bits(here))


def _collapsed(nodes: list[Node], links: list[Link], extra: list[Link]) -> Scene:
    by_box: dict[str, list[Node]] = {}
    for node in nodes:
        by_box.setdefault(node.box, []).append(node)
    spaces = [_space(name, inside) for name, inside in by_box.items()]
    inside = {node.key: node.box for node in nodes}

    def end(name: str) -> str:
        return name.removeprefix("box:") if name.startswith("box:") else inside.get(name, name)

    moved = [link._replace(source=end(link.source), target=end(link.target), why="") for link in (*links, *extra)]
    between = [link for link in moved if link.source != link.target]
    singled = {link[:3]: link for link in between if link.kind == EXTRA}
    kept = [link for link in between if link.kind != EXTRA]
    if len(singled) <= _MOST_EXTRA:
        return _complete(spaces, [*kept, *singled.values()], is_collapsed=True, left_out=0)
    return _complete(spaces, kept, is_collapsed=True, left_out=len(singled))


def _space(name: str, inside: list[Node]) -> Node:
    ingress = max((node.ingress for node in inside), key=_ORDER.index)
    egress = max((node.egress for node in inside), key=_ORDER.index)
    exposed = any(node.exposed for node in inside)
    return Node(name, name, "namespace", "", (), ingress, egress, exposed, len(inside))


def _union(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found
