"""The order in which policies decide: admin policies, then NetworkPolicies, then the baseline, then everything is open.

The algebra is the same for workloads (masks) and for addresses (`AddressSet`): a region with `&`, `|`, `~` and truth.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from gitops_guard.network.addresses import AddressSet
from gitops_guard.network.effort import Effort
from gitops_guard.network.ports import ALL_PORTS, NO_PORTS, PortSet

Region = TypeVar("Region", int, AddressSet)


class Opening(NamedTuple, Generic[Region]):
    """Ports that are open to a region of peers."""

    ports: PortSet
    region: Region


class Action(NamedTuple, Generic[Region]):
    """A rule of an admin policy: `Allow`, `Deny` or `Pass` for each opening."""

    action: str
    openings: tuple[Opening[Region], ...]


class _Part(NamedTuple, Generic[Region]):
    """Peers for which the same was decided so far: ports allowed, still undecided, and passed on."""

    allowed: PortSet
    left: PortSet
    passed: PortSet
    region: Region


def decide(
    admin: Iterable[Action[Region]],
    policies: Sequence[Opening[Region]] | None,
    baseline: Iterable[Action[Region]],
    everything: Region,
) -> list[Opening[Region]]:
    """What is open after all tiers, as openings that may overlap and add up.

    Args:
        admin: the rules of admin policies, in the order of their priority.
        policies: what NetworkPolicies open; None where none governs the direction.
        baseline: the rules of the baseline policy.
        everything: all peers.
    """
    parts = _apply(admin, [_Part(NO_PORTS, ALL_PORTS, NO_PORTS, everything)])
    passed = [part._replace(left=part.left.union(part.passed), passed=NO_PORTS) for part in parts]
    if policies is None:
        last = _apply(baseline, passed)
        return _kept((part.allowed.union(part.left), part.region) for part in last)
    found = [(part.allowed, part.region) for part in passed]
    found += [(opening.ports.intersection(p.left), opening.region & p.region) for p in passed for opening in policies]
    return _kept(found)


def _apply(actions: Iterable[Action[Region]], parts: list[_Part[Region]]) -> list[_Part[Region]]:
    for action in actions:
        for opening in action.openings:
            parts = [piece for part in parts for piece in _split(part, action.action, opening)]
    return parts


def _split(part: _Part[Region], action: str, opening: Opening[Region]) -> Iterator[_Part[Region]]:
    hit = part.region & opening.region
    ports = part.left.intersection(opening.ports)
    if not hit or ports.is_empty:
        yield part
        return
    rest = part.region & ~opening.region
    if rest:
        yield part._replace(region=rest)
    left = part.left.difference(ports)
    match action:
        case "Allow":
            yield _Part(part.allowed.union(ports), left, part.passed, hit)
        case "Pass":
            yield _Part(part.allowed, left, part.passed.union(ports), hit)
        case _:
            yield _Part(part.allowed, left, part.passed, hit)


def _kept(found: Iterable[tuple[PortSet, Region]]) -> list[Opening[Region]]:
    """The openings that open something, those with the same ports as one."""
    by_ports: dict[PortSet, Region] = {}
    for ports, region in found:
        if region and not ports.is_empty:
            known = by_ports.get(ports)
            by_ports[ports] = region if known is None else known | region
    return [Opening(ports, region) for ports, region in by_ports.items()]


def disjoint(openings: Iterable[Opening[Region]], effort: Effort) -> tuple[Opening[Region], ...]:
    """The same as openings of which no two share a peer."""
    parts: list[Opening[Region]] = []
    for ports, region in openings:
        pieces: list[Opening[Region]] = []
        rest = region
        effort.spend(1 + len(parts))
        for part in parts:
            hit = part.region & rest
            if not hit:
                pieces.append(part)
                continue
            both = part.ports.union(ports)
            effort.spend(both.size)
            pieces.append(Opening(both, hit))
            outside = part.region & ~rest
            if outside:
                pieces.append(Opening(part.ports, outside))
            rest = rest & ~part.region
        if rest:
            pieces.append(Opening(ports, rest))
        parts = pieces
    return tuple(_kept(parts))
