"""Joins what sources may reach with what targets accept: both ends must allow a connection.

The result holds, for each target, a few disjoint sets of sources; pairs are never enumerated.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitops_guard.network.effort import Effort
from gitops_guard.network.population import bits
from gitops_guard.network.ports import PortSet
from gitops_guard.network.tiers import Opening, disjoint

Openings = Sequence[Opening[int]]


class Sender(NamedTuple):
    """Workloads (a mask) with the same egress, and what it opens."""

    members: int
    openings: Openings


def incoming(
    accepted: Mapping[int, Openings], senders: Sequence[Sender], everyone: int, several: int, effort: Effort
) -> dict[int, tuple[Opening[int], ...]]:
    """For each target the disjoint sets of sources that may connect, with the ports.

    Args:
        accepted: what each target accepts, as openings that may overlap.
        senders: what sources may reach, likewise.
        everyone: all workloads.
        effort: bounds the work.
        several: the workloads that run several pods; only these connect to themselves.
    """
    widely, offers = _offers(senders, everyone, effort)
    common = disjoint(widely, effort)
    met: dict[tuple[Opening[int], ...], tuple[Opening[int], ...]] = {}
    found = {}
    for target, openings in accepted.items():
        own = offers.get(target)
        offered = disjoint((*common, *(Opening(*pair) for pair in own.items())), effort) if own else common
        key = (*offered, *openings)
        known = met.get(key)
        if known is None:
            known = met[key] = _met(offered, disjoint(openings, effort), effort)
        found[target] = known if several >> target & 1 else _without(known, 1 << target)
    return found


def _offers(
    senders: Sequence[Sender], everyone: int, effort: Effort
) -> tuple[list[Opening[int]], dict[int, dict[PortSet, int]]]:
    """Who may reach everybody, and who may reach each target beyond that."""
    regions: dict[Opening[int], int] = {}
    for sender in senders:
        for opening in sender.openings:
            regions[opening] = regions.get(opening, 0) | sender.members
    widely = []
    each: dict[int, dict[PortSet, int]] = {}
    for (ports, region), members in regions.items():
        if region == everyone:
            widely.append(Opening(ports, members))
            continue
        effort.spend(2 * region.bit_count())
        for target in bits(region):
            offers = each.setdefault(target, {})
            offers[ports] = offers.get(ports, 0) | members
    return widely, each


def _met(offered: Openings, accepted: Openings, effort: Effort) -> tuple[Opening[int], ...]:
    found: dict[PortSet, int] = {}
    effort.spend(len(offered) * len(accepted))
    for ports, sources in offered:
        for admitted, peers in accepted:
            both = sources & peers
            if both:
                common = ports.intersection(admitted)
                if not common.is_empty:
                    found[common] = found.get(common, 0) | both
    return tuple(Opening(ports, mask) for ports, mask in found.items())


def _without(openings: tuple[Opening[int], ...], bit: int) -> tuple[Opening[int], ...]:
    return tuple(Opening(ports, mask & ~bit) for ports, mask in openings if mask & ~bit)
