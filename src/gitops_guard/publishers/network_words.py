"""The words for what a change does to connections, for people: Markdown and the console say the same.

Texts may hold names of the repository between backticks; whoever prints them escapes them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gitops_guard.network.change import GONE, Arrival, Broken, NetworkChange
from gitops_guard.network.change_rows import ChangeRow
from gitops_guard.network.connections import EXTERNAL, Exposure
from gitops_guard.network.difference import ExposureShift
from gitops_guard.network.evidence import Evidence
from gitops_guard.network.exposure import CLOSED, DEPENDS, PARTLY
from gitops_guard.network.judging import Judged
from gitops_guard.network.listing import EVERY_WORKLOAD
from gitops_guard.publishers.escape import cut

INTERNET = "the internet"
CONTROLLER = "an ingress controller"
_NAMED = 3
_TEXT = 80
_EVIDENCE = 2
_ID_PARTS = 3
_VIA = {
    "ingress-controller": "the ingress controller",
    "monitoring": "the monitoring",
    "api-server": "the API server",
    "load-balancer": INTERNET,
    "node-port": INTERNET,
    "host-port": INTERNET,
}
_VERDICTS = {
    PARTLY: "the policies let a part through",
    DEPENDS: "it depends on the namespace and labels of the controller",
    CLOSED: "the policies block it",
}

NEWLY_EXPOSED = "exposed"
NO_LONGER_EXPOSED = "no longer exposed"
OTHERWISE_EXPOSED = "exposed otherwise"
REACHABLE = "reachable"
BREAKS = "closed"
DENIED = "denied"
OPENED = "opened"
CHANGED = "changed"


class Line(NamedTuple):
    """One row: what happened, between whom, on which ports, and why that is said.

    `is_grave`: a reviewer must not miss it.
    """

    what: str
    source: str
    target: str
    ports: str
    why: str
    is_grave: bool = False


Namer = Callable[[str], str]


def namer(names: Iterable[str]) -> Namer:
    """Shortens `namespace/Kind/name` to `namespace/name` where that is no other workload's."""
    ids = {name for name in names if name.count("/") == _ID_PARTS - 1 and not name.startswith(EVERY_WORKLOAD)}
    shorts: dict[str, set[str]] = {}
    for one in ids:
        namespace, _, name = one.split("/")
        shorts.setdefault(f"{namespace}/{name}", set()).add(one)
    known = {one: short for short, those in shorts.items() for one in those if len(those) == 1}
    return lambda name: known.get(name, name)


def first(change: NetworkChange, short: Namer) -> list[Line]:
    """What a reviewer must see: new exposure, then what probably breaks, then what is opened with a reason."""
    exposed = [line for shift in change.exposures if (line := _exposure(shift, short)).what == NEWLY_EXPOSED]
    return [
        *exposed,
        *(_row(row, short, REACHABLE) for row in change.reachable),
        *(_broken(one, short) for one in change.broken),
        *(_denied(one, short) for one in change.needed_but_denied),
        *(_row(row, short, OPENED) for row in change.explained),
    ]


def rest(change: NetworkChange, short: Namer) -> list[Line]:
    """Everything else."""
    others = [line for shift in change.exposures if (line := _exposure(shift, short)).what != NEWLY_EXPOSED]
    return [*others, *(_row(row, short, "") for row in change.rest)]


def arrivals(change: NetworkChange, short: Namer) -> Iterator[str]:
    """A sentence for each new or removed workload."""
    for arrival in change.arrivals:
        yield f"`{short(arrival.workload)}` is new: {_isolation(arrival)}{_numbers(arrival)}"
    for name in change.departures:
        yield f"`{short(name)}` is gone"


def _isolation(arrival: Arrival) -> str:
    if arrival.host_network:
        return "its pods are on the host's network, which policies do not isolate"
    match arrival.isolated:
        case ():
            return "no policy isolates it, so it may connect anywhere, and whatever is not limited may connect to it"
        case (one,):
            other = "who may connect to it" if one == "egress" else "where it may connect"
            return f"a policy isolates it for {one}, none limits {other}"
        case _:
            return "policies isolate it for ingress and egress"


def _numbers(arrival: Arrival) -> str:
    if arrival.sources is None or arrival.targets is None:
        return ""
    return f"; {_workloads(arrival.sources)} may connect to it, and it may connect to {_workloads(arrival.targets)}"


def _workloads(number: int) -> str:
    return f"{number:,} workload{'' if number == 1 else 's'}"


def _exposure(shift: ExposureShift, short: Namer) -> Line:
    before, after = shift
    one = after or before
    if one is None:
        return Line(OTHERWISE_EXPOSED, "", "", "", "")
    what = _exposing(before, after)
    source = CONTROLLER if one.addresses is None else INTERNET
    shown = one.ports if not one.ports.is_empty else one.asked
    why = f"through `{one.via}` in `{one.place.where}`"
    if after is not None and after.verdict in _VERDICTS:
        why += f": {_VERDICTS[after.verdict]}"
    return Line(what, source, short(one.workload), ", ".join(shown.words), why, what == NEWLY_EXPOSED)


def _exposing(before: Exposure | None, after: Exposure | None) -> str:
    if after is None or after.verdict == CLOSED:
        return NO_LONGER_EXPOSED if before is not None and before.verdict != CLOSED else OTHERWISE_EXPOSED
    if before is None or before.verdict == CLOSED or not after.ports.difference(before.ports).is_empty:
        return NEWLY_EXPOSED
    wider = after.addresses is not None and before.addresses is not None and after.addresses & ~before.addresses
    return NEWLY_EXPOSED if wider else OTHERWISE_EXPOSED


def _row(row: ChangeRow, short: Namer, what: str) -> Line:
    changed = CHANGED if row.opened and row.closed else OPENED if row.opened else "closed"
    ports = _ports(row.opened or row.closed)
    if row.opened and row.closed:
        ports = f"now {_ports(row.opened)}; no longer {_ports(row.closed)}"
    why = evidence(row.evidence)
    if what == REACHABLE:
        why = "no policy keeps out these addresses now; that matters where something routes to the pods"
    if row.is_uncertain:
        why = f"{why}; " * bool(why) + "not certain: a policy cannot be read, or pods are on the host's network"
    return Line(
        what or changed, several(row.sources, short), several(row.targets, short), ports, why, what == REACHABLE
    )


def _ports(words: tuple[str, ...]) -> str:
    return "every port" if words == ("all",) else ", ".join(words)


def _broken(one: Broken, short: Namer) -> Line:
    named = evidence(one.evidence)
    if one.cause == GONE:
        why = f"probably breaks: {named} leads nowhere now: {one.detail}"
    else:
        why = f"probably breaks: {named} still names it"
    ends = _end(one.need.source, one, short), _end(one.need.target, one, short)
    return Line(BREAKS, *ends, ", ".join(one.ports), why, is_grave=True)


def _denied(one: Judged, short: Namer) -> Line:
    why = f"needed by {evidence(one.need.evidence)}, but the policies deny it"
    ends = _end(one.need.source, one, short), _end(one.need.target, one, short)
    return Line(DENIED, *ends, ", ".join(one.missing.words), why, is_grave=True)


def _end(name: str, one: Broken | Judged, short: Namer) -> str:
    if name != EXTERNAL:
        return short(name)
    return one.need.host or _VIA.get(one.need.via, "outside the cluster")


def several(names: tuple[str, ...], short: Namer) -> str:
    """Some names in a row; beyond a few, how many more there are."""
    shown = ", ".join("any address outside" if name == EXTERNAL else short(name) for name in names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED:,} more"


def evidence(found: tuple[Evidence, ...]) -> str:
    """The places that speak for a connection."""
    words = [f"`{cut(one.text, _TEXT)}` in `{one.place.where}`" for one in found[:_EVIDENCE]]
    more = f" and {len(found) - _EVIDENCE:,} more" if len(found) > _EVIDENCE else ""
    return ", ".join(words) + more


def headline(change: NetworkChange) -> str:
    """The sum in one sentence, without a full stop."""
    short = namer(())
    exposed = sum(1 for shift in change.exposures if _exposure(shift, short).what == NEWLY_EXPOSED)
    parts = [
        (exposed, "new exposure", "new exposures"),
        (len(change.broken), "connection probably breaks", "connections probably break"),
        (len(change.needed_but_denied), "new connection is denied", "new connections are denied"),
        (change.opened, "connection is opened", "connections are opened"),
        (change.closed, "connection is closed", "connections are closed"),
        (len(change.arrivals), "workload is new", "workloads are new"),
        (len(change.departures), "workload is gone", "workloads are gone"),
    ]
    said = [f"{number:,} {one if number == 1 else many}" for number, one, many in parts if number]
    return ", ".join(said) or "no connection changes"
