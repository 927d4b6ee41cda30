"""Which objects of a change open connections that were closed, and what each of them opens.

Left out is what the manifests of the head ask for (the summary of a change tells of it), and what workloads do that
are new: the rules on missing policies speak of those.
"""

from collections.abc import Callable, Iterable, Iterator

from gitops_guard.finding import Place
from gitops_guard.model.kubernetes_object import ObjectIdentity
from gitops_guard.model.opened_path import OpenedPath
from gitops_guard.network.cluster import EGRESS, INGRESS, Cluster
from gitops_guard.network.connections import Exposure
from gitops_guard.network.difference import Difference, ExposureShift
from gitops_guard.network.evidence import Inference
from gitops_guard.network.grouping import Grouping
from gitops_guard.network.opening_causes import Cause, Causes
from gitops_guard.network.population import bits
from gitops_guard.network.ports import NO_PORTS, PortSet, parse

OUTSIDE = "addresses outside"


class _Effect:
    """What was found for one cause so far."""

    __slots__ = ("gone", "outside", "pairs", "place", "ports", "sources", "targets", "uncertain")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.sources = self.targets = self.pairs = 0
        self.ports = NO_PORTS
        self.outside = {INGRESS: False, EGRESS: False}
        self.gone: dict[str, None] = {}
        self.uncertain = True


Identify = Callable[[Place], ObjectIdentity]


def opened_paths(
    found: Difference, base: Cluster, head: Cluster, needs: Inference, identify: Identify
) -> Iterator[OpenedPath]:
    """The openings of a change by the object that causes them, exposures first.

    Args:
        found: the difference of both clusters.
        base: the cluster before.
        head: the cluster after.
        needs: what the manifests of the head ask for.
        identify: tells which object of the head stands at a place.
    """
    yield from _exposed(found.exposures, identify)
    if any(not one.opened.is_empty for one in found.inside) or any(not one.opened.is_empty for one in found.outside):
        yield from _Openings(found, Causes(base, head), needs).paths(identify)


class _Openings:
    def __init__(self, found: Difference, causes: Causes, needs: Inference) -> None:
        self._found = found
        self._causes = causes
        self._stable = sum(1 << number for number in found.base.workloads if number in found.head.workloads)
        self._asked = _asked(needs)
        self._numbers = found.head.numbers
        self._doubtful = {direction: _doubtful(found, direction) for direction in (INGRESS, EGRESS)}
        self._effects: dict[object, _Effect] = {}

    def paths(self, identify: Identify) -> Iterator[OpenedPath]:
        """What each cause opens, in the order of places."""
        for shift in self._found.inside:
            if self._stable >> shift.target & 1 and not shift.opened.is_empty:
                self._inside(shift.sources & self._stable, shift.target, shift.opened)
        for one in self._found.outside:
            if self._stable >> one.workload & 1 and not one.opened.is_empty:
                for cause, _ in self._causes.outside(one.workload, one.direction):
                    self._add(cause, 1 << one.workload, one.direction, one.opened)
        names = Grouping({number: self._found.head.workloads[number] for number in bits(self._stable)}).names
        for effect in sorted(self._effects.values(), key=lambda effect: (effect.place.path, effect.place.span)):
            yield OpenedPath(
                effect.place,
                identify(effect.place),
                (*((OUTSIDE,) if effect.outside[INGRESS] else ()), *names(effect.sources)),
                (*((OUTSIDE,) if effect.outside[EGRESS] else ()), *names(effect.targets)),
                effect.ports.words,
                effect.pairs,
                tuple(effect.gone),
                is_uncertain=effect.uncertain,
            )

    def _inside(self, sources: int, target: int, ports: PortSet) -> None:
        sources &= ~self._explained(target, ports)
        for cause, mask in self._causes.inside(sources, target):
            doubt = self._doubtful[INGRESS] >> target & 1 or not mask & ~self._doubtful[EGRESS]
            effect = self._effect(cause)
            effect.sources |= mask
            effect.targets |= 1 << target
            self._count(effect, mask.bit_count(), ports, doubt=bool(doubt))

    def _add(self, cause: Cause, workload: int, direction: str, ports: PortSet) -> None:
        effect = self._effect(cause)
        effect.outside[direction] = True
        effect.sources |= workload if direction == EGRESS else 0
        effect.targets |= workload if direction == INGRESS else 0
        self._count(effect, 1, ports, doubt=bool(workload & self._doubtful[direction]))

    def _effect(self, cause: Cause) -> _Effect:
        effect = self._effects.setdefault(cause.key, _Effect(cause.place))
        if cause.gone:
            effect.gone[cause.gone] = None
        return effect

    def _count(self, effect: _Effect, pairs: int, ports: PortSet, *, doubt: bool) -> None:
        effect.pairs += pairs
        effect.ports = effect.ports.union(ports)
        effect.uncertain = effect.uncertain and doubt

    def _explained(self, target: int, opened: PortSet) -> int:
        """The sources whose manifests ask for all that is opened."""
        mask = 0
        for source, wanted in self._asked.get(self._found.name(target), {}).items():
            if opened.difference(wanted).is_empty:
                mask |= sum(1 << number for number in self._numbers.get(source, ()))
        return mask


def _asked(needs: Inference) -> dict[str, dict[str, PortSet]]:
    """By target and source: the ports that the manifests ask for."""
    found: dict[str, dict[str, PortSet]] = {}
    for need in needs.edges:
        if need.ports:
            sources = found.setdefault(need.target, {})
            sources[need.source] = sources.get(need.source, NO_PORTS).union(parse(need.ports))
    return found


def _doubtful(found: Difference, direction: str) -> int:
    every = (one for side in (found.base, found.head) for one in side.unknown if one.direction == direction)
    mask = 0
    for one in every:
        mask |= 1 << one.workload
    return mask


def _exposed(shifts: Iterable[ExposureShift], identify: Identify) -> Iterator[OpenedPath]:
    """What Services, Ingresses and routes newly lead to, one path for each of them."""
    by_way: dict[Place, list[Exposure]] = {}
    for before, after in shifts:
        if after is not None and not after.ports.is_empty and (before is None or _is_wider(before, after)):
            by_way.setdefault(after.place, []).append(after)
    for place, ways in by_way.items():
        ports = NO_PORTS
        for one in ways:
            ports = ports.union(one.ports)
        targets = tuple(dict.fromkeys(one.workload for one in ways))
        yield OpenedPath(place, identify(place), (OUTSIDE,), targets, ports.words, len(targets), through=ways[0].via)


def _is_wider(before: Exposure, after: Exposure) -> bool:
    """Whether the way itself leads further than it did; what only policies changed is told by the policies."""
    if not after.asked.difference(before.asked).is_empty:
        return True
    return bool(after.addresses and before.addresses is not None and after.addresses & ~before.addresses)
