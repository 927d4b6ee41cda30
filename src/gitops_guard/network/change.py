"""What a change does to the connections of a repository, ordered by what a reviewer must know first."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from gitops_guard.network.change_rows import ChangeRow, Rows
from gitops_guard.network.cluster import EGRESS, INGRESS, Cluster, NetworkProblem
from gitops_guard.network.connections import Connections
from gitops_guard.network.difference import Difference, ExposureShift, difference
from gitops_guard.network.evidence import Edge as Need
from gitops_guard.network.evidence import Evidence, Inference
from gitops_guard.network.judging import Judged, Judgement, judge, ports
from gitops_guard.network.population import bits
from gitops_guard.network.ports import NO_PORTS, PortSet
from gitops_guard.network.verify import ABSENT, ALLOWED, DENIED
from gitops_guard.network.workload_reading import POD_KINDS
from gitops_guard.source_file import Skipped

CLOSED = "closed"
GONE = "gone"
_COUNTED_ARRIVALS = 50
_CONTEXT = 300

PROBES = (
    "Probes come from the pod's own node, which policies do not stop: the newly isolated pods need no rule for them."
)
BLOCKS = (
    "Blocks of addresses are taken to lie outside the cluster: whether one also matches pods depends on the plug-in."
)
SEVERAL = "The change is not the same in {} clusters, which run the same workloads: what it does in any is listed."
HOST = "Pods on the host's network are not isolated by policies, and may not be seen as peers: {}."


class NetworkSide(NamedTuple):
    """One side of a change: the cluster, and what its manifests say about needed connections."""

    cluster: Cluster
    needs: Inference


class Broken(NamedTuple):
    """A connection that the head still needs, with the evidence, and the change takes away.

    `ports` are those that are lost. `cause` is `closed` (a policy denies it now) or `gone` (`detail` says why the
    reference leads nowhere now).
    """

    need: Need
    ports: tuple[str, ...]
    cause: str
    evidence: tuple[Evidence, ...]
    detail: str = ""


class Arrival(NamedTuple):
    """A new workload: by which directions policies isolate it, and with how many workloads it may connect.

    `sources` and `targets` are None where there are too many new workloads to count each one's.
    """

    workload: str
    isolated: tuple[str, ...]
    sources: int | None
    targets: int | None
    host_network: bool


class NetworkChange(NamedTuple):
    """What a change does.

    `exposures`: what Services, Ingresses and routes expose, differently. `reachable`: workloads that addresses outside
    may reach now. `broken`: probably. `needed_but_denied`: needs that are new and that the policies of the head deny.
    `explained`: opened connections that the manifests ask for. `rest`: all others, in groups. `context`: needs of the
    head that touch what changed, and that are allowed. `skipped`: manifests that were not read. `opened` and
    `closed` count pairs that may connect on more or fewer ports.
    """

    exposures: tuple[ExposureShift, ...] = ()
    reachable: tuple[ChangeRow, ...] = ()
    broken: tuple[Broken, ...] = ()
    needed_but_denied: tuple[Judged, ...] = ()
    explained: tuple[ChangeRow, ...] = ()
    rest: tuple[ChangeRow, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    departures: tuple[str, ...] = ()
    context: tuple[Need, ...] = ()
    doubts: tuple[str, ...] = ()
    problems: tuple[NetworkProblem, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    opened: int = 0
    closed: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say of the network."""
        said = any(self[: NetworkChange._fields.index("context")]) or bool(self.doubts)
        return not said and not any(problem.is_error for problem in self.problems)


class Compared(NamedTuple):
    """The exact difference, and what is said of it."""

    difference: Difference
    change: NetworkChange


def compare(base: NetworkSide, head: NetworkSide, skipped: tuple[Skipped, ...] = ()) -> Compared:
    """Compares both sides of a change."""
    found = difference(base.cluster, head.cluster)
    judged = judge(head.cluster, head.needs.edges) if _matters(found, base, head) else None
    broken = (*_closed(judged, base), *_gone(found, base, head)) if judged is not None else ()
    rows = Rows(found, head.needs, [(one.need.source, one.need.target) for one in broken if one.cause == CLOSED])
    denied = tuple(_newly_denied(judged, base, broken)) if judged is not None else ()
    change = NetworkChange(
        exposures=found.exposures,
        reachable=rows.reachable,
        broken=broken,
        needed_but_denied=denied,
        explained=rows.explained,
        rest=rows.rest,
        arrivals=tuple(_arrivals(found)),
        departures=found.removed,
        doubts=tuple(_doubts(found)),
        problems=tuple(_problems(found)),
        skipped=skipped,
        opened=rows.opened,
        closed=rows.closed,
    )
    notes = tuple(_notes(found, change))
    return Compared(found, change._replace(context=tuple(_context(change, judged, denied)), notes=notes))


def joined(changes: Iterable[NetworkChange]) -> NetworkChange:
    """What a change does in several clusters; what it does in all of them alike is said once."""
    distinct: list[NetworkChange] = []
    for one in changes:
        if one not in distinct:
            distinct.append(one)
    told = [one for one in distinct if not one.is_empty] or distinct[:1]
    if len(told) == 1:
        return told[0]
    sums = {"opened": sum(one.opened for one in told), "closed": sum(one.closed for one in told)}
    merged: dict[str, object] = {
        name: sums[name] if name in sums else _once(item for one in told for item in getattr(one, name))
        for name in NetworkChange._fields
    }
    found = NetworkChange(**merged)  # type: ignore[arg-type]
    return found._replace(notes=(*found.notes, SEVERAL.format(len(told))))


def _once(items: Iterable[object]) -> tuple[object, ...]:
    """Equal items once, in their order; not all of them can be hashed."""
    found: list[object] = []
    for one in items:
        if one not in found:
            found.append(one)
    return tuple(found)


def names_in(change: NetworkChange) -> Iterator[str]:
    """Every name of a workload that a change speaks of."""
    for shift in change.exposures:
        yield from (side.workload for side in shift if side is not None)
    for row in (*change.reachable, *change.explained, *change.rest):
        yield from (*row.sources, *row.targets)
    needs = [*(one.need for one in change.broken), *(one.need for one in change.needed_but_denied), *change.context]
    for need in needs:
        yield from (need.source, need.target)
    yield from (arrival.workload for arrival in change.arrivals)
    yield from change.departures


def _matters(found: Difference, base: NetworkSide, head: NetworkSide) -> bool:
    """Whether anything differs that the needs must be judged for."""
    if found.exposures or found.outside or found.inside:
        return True
    return {_key(need) for need in base.needs.edges} != {_key(need) for need in head.needs.edges} or any(
        _gone(found, base, head)
    )


def _key(need: Need) -> tuple[object, ...]:
    return need.source, need.target, need.ports, need.host, need.via


def _pair(need: Need) -> tuple[str, str, str, str]:
    return need.source, need.target, need.host, need.via


def _asked(side: NetworkSide) -> dict[tuple[str, str, str, str], PortSet]:
    return {_pair(need): ports(need) for need in side.needs.edges if need.ports}


def _closed(judged: Judgement, base: NetworkSide) -> Iterator[Broken]:
    """What both sides need, the base allows, and the head denies."""
    asked = _asked(base)
    suspects = [one for one in judged.with_status(DENIED) if _pair(one.need) in asked]
    if not suspects:
        return
    before = judge(base.cluster, [one.need for one in suspects])
    for now, then in zip(suspects, before.needs, strict=True):
        lost = now.missing.difference(then.missing).intersection(asked[_pair(now.need)])
        if then.status != ABSENT and not lost.is_empty:
            yield Broken(now.need, lost.words, CLOSED, now.need.evidence)


def _gone(found: Difference, base: NetworkSide, head: NetworkSide) -> Iterator[Broken]:
    """What the base connects, and the head still names though it leads nowhere."""
    unresolved = {(one.source, one.evidence.text): one for one in head.needs.unresolved}
    there = {workload.id for workload in found.head.workloads.values()}
    still = {_pair(need) for need in head.needs.edges}
    for need in base.needs.edges:
        if need.source not in there or _pair(need) in still:
            continue
        left = [miss for one in need.evidence if (miss := unresolved.get((need.source, one.text)))]
        if left:
            yield Broken(need, need.ports, GONE, tuple(miss.evidence for miss in left), left[0].detail)


def _newly_denied(judged: Judgement, base: NetworkSide, broken: Iterable[Broken]) -> Iterator[Judged]:
    asked = _asked(base)
    known = {_pair(one.need) for one in broken}
    for one in judged.with_status(DENIED):
        fresh = one.missing.difference(asked.get(_pair(one.need), NO_PORTS))
        if _pair(one.need) not in known and not fresh.is_empty:
            yield one._replace(missing=fresh)


def _arrivals(found: Difference) -> Iterator[Arrival]:
    new = [number for number in found.head.workloads if number not in found.base.workloads]
    fresh = set(found.added)
    counted = len(new) <= _COUNTED_ARRIVALS
    for number in sorted(new, key=found.name):
        workload = found.head.workloads[number]
        if workload.id not in fresh:
            continue
        fresh.discard(workload.id)
        yield Arrival(
            workload.id,
            tuple(direction for direction in (INGRESS, EGRESS) if found.head.isolated[direction] >> number & 1),
            sum(mask.bit_count() for _, mask in found.head.incoming.get(number, ())) if counted else None,
            _reached_by(found.head, number) if counted else None,
            workload.host_network,
        )


def _reached_by(side: Connections, number: int) -> int:
    return sum(1 for openings in side.incoming.values() if any(mask >> number & 1 for _, mask in openings))


def _doubts(found: Difference) -> Iterator[str]:
    """What is newly unknown."""
    known = {(found.name(one.workload), one.direction) for one in found.base.unknown}
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in found.head.unknown:
        name = found.name(one.workload)
        if (name, one.direction) not in known and not found.head.workloads[one.workload].host_network:
            reasons.setdefault((one.direction, one.reason), []).append(name)
    for (direction, reason), names in reasons.items():
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        yield f"more {direction} of {names[0]}{more} may be open: {reason}"


def _problems(found: Difference) -> Iterator[NetworkProblem]:
    """What is newly wrong with policies; of workloads that are written in parts (Kustomize) this is not the place."""
    known = {problem.message for problem in found.base.problems}
    for problem in found.head.problems:
        if problem.message not in known and problem.message.partition(" ")[0] not in POD_KINDS:
            yield problem


def _notes(found: Difference, change: NetworkChange) -> Iterator[str]:
    newly = found.head.isolated[INGRESS] & ~found.base.isolated[INGRESS]
    if any(number in found.base.workloads for number in bits(newly)):
        yield PROBES
    if any("/" in name and name[0].isalnum() and _is_block(name) for name in _ends(change)):
        yield BLOCKS
    touched = {one.need.source for one in change.broken} | {one.need.target for one in change.broken}
    touched |= {name for row in change.explained for name in (*row.sources, *row.targets)}
    touched |= {one.workload for one in change.arrivals if one.host_network}
    touched |= {shift.after.workload for shift in change.exposures if shift.after is not None}
    hosts = sorted({w.id for w in found.head.workloads.values() if w.host_network and w.id in touched})
    if hosts:
        yield HOST.format(", ".join(hosts[:3]) + (f" and {len(hosts) - 3:,} more" if len(hosts) > 3 else ""))  # noqa: PLR2004 - as many as are named


def _ends(change: NetworkChange) -> Iterator[str]:
    for row in (*change.reachable, *change.rest):
        yield from row.sources
        yield from row.targets


def _is_block(name: str) -> bool:
    head, _, length = name.rpartition("/")
    return length.isdecimal() and "/" not in head


def _context(change: NetworkChange, judged: Judgement | None, denied: Iterable[Judged]) -> Iterator[Need]:
    """The allowed needs of the head that touch what changed, but for those that changed themselves."""
    touched = {name for row in change.explained for name in (*row.sources, *row.targets)}
    touched |= {end for one in change.broken for end in (one.need.source, one.need.target)}
    touched |= {end for one in denied for end in (one.need.source, one.need.target)}
    touched |= {side.workload for shift in change.exposures for side in shift if side is not None}
    changed = {(one.need.source, one.need.target) for one in change.broken} | {
        (one.need.source, one.need.target) for one in denied
    }
    changed |= {(row.sources[0], row.targets[0]) for row in change.explained}
    allowed = judged.with_status(ALLOWED) if judged is not None else ()
    fit = (
        one.need
        for one in allowed
        if (one.need.source in touched or one.need.target in touched)
        and (one.need.source, one.need.target) not in changed
    )
    yield from islice(fit, _CONTEXT)
