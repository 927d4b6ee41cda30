"""Who may connect to whom, for a terminal and for programs."""

import json
from collections.abc import Iterator

from gitops_guard.finding import Place
from gitops_guard.network.cluster import EGRESS, INGRESS
from gitops_guard.network.connections import Connections, Edge, Exposure
from gitops_guard.network.listing import Listing
from gitops_guard.publishers.escape import printable_unicode, valid_json
from gitops_guard.report import SCHEMA_VERSION, Coverage
from gitops_guard.syntax.field import format_keypath

Json = dict[str, object]

NOTES = (
    "Replies are allowed with every connection. The node of a pod may always connect to it (probes); nodes are no peers"
    " here.",
    "ipBlock is taken to mean addresses outside the cluster: whether it also matches pods depends on the network"
    " plug-in.",
)
"""What the API leaves open and the map therefore does not show."""

_MOST_ROWS = 2_000


def as_json(found: Connections, rows: Listing, coverage: Coverage) -> str:
    """The map as JSON: `edges` as the command line promises, and what is not known, exposed, or wrong beside them."""
    value: Json = {
        "schema_version": SCHEMA_VERSION,
        "edges": [_edge(edge) for edge in rows.edges],
        "groups": rows.groups,
        "workloads": [_workload(found, number) for number in _ordered(found)],
        "exposures": [_exposure(exposure, found) for exposure in found.exposures],
        "unknown": [
            {
                "workload": found.workloads[unknown.workload].id,
                "direction": unknown.direction,
                "reason": unknown.reason,
                **_place(unknown.place),
            }
            for unknown in found.unknown
        ],
        "problems": [
            {"message": problem.message, "is_error": problem.is_error, **_place(problem.place)}
            for problem in found.problems
        ],
        "notes": list(NOTES),
        "coverage": {
            "scanned": coverage.scanned,
            "skipped": [skipped._asdict() for skipped in coverage.skipped],
            "failed": [failed._asdict() for failed in coverage.failed],
        },
    }
    return valid_json(json.dumps(value, ensure_ascii=False, indent=1)) + "\n"


def _edge(edge: Edge) -> Json:
    return {"source": edge.source, "target": edge.target, "ports": list(edge.ports.words), "evidence": []}


def _workload(found: Connections, number: int) -> Json:
    workload = found.workloads[number]
    return {
        "id": workload.id,
        "isolated": [direction for direction in (INGRESS, EGRESS) if found.isolated[direction] >> number & 1],
        "host_network": workload.host_network,
        **_place(workload.place),
    }


def _exposure(exposure: Exposure, found: Connections) -> Json:
    return {
        "workload": exposure.workload,
        "via": exposure.via,
        "service": exposure.through,
        "asked": list(exposure.asked.words),
        "ports": list(exposure.ports.words),
        "sources": None if exposure.addresses is None else list(found.blocks(exposure.addresses)),
        "verdict": exposure.verdict,
        **_place(exposure.place),
    }


def _place(place: Place) -> Json:
    return {"path": place.path, "line": place.start.line, "keypath": format_keypath(place.keypath)}


def _ordered(found: Connections) -> list[int]:
    return sorted(found.workloads, key=lambda number: (found.workloads[number].id, number))


def as_console(found: Connections, rows: Listing, coverage: Coverage) -> str:
    """The map as a table: connections, what is exposed, what is not known, and what is wrong."""
    lines = [*_table(rows), *_exposed(found), *_unknown(found), *_problems(found), *_groups(rows)]
    lines += (f"note: {note}" for note in NOTES)
    failed = [f"{skipped.path}: {skipped.reason}" for skipped in coverage.failed]
    lines += (f"not read: {line}" for line in failed)
    lines.append(_total(found, rows))
    return "\n".join(printable_unicode(line) for line in lines) + "\n"


def _table(rows: Listing) -> Iterator[str]:
    shown = rows.edges[:_MOST_ROWS]
    left = max((len(edge.source) for edge in shown), default=0)
    right = max((len(edge.target) for edge in shown), default=0)
    for edge in shown:
        yield f"{edge.source:<{left}} -> {edge.target:<{right}}  {', '.join(edge.ports.words)}"
    if len(rows.edges) > len(shown):
        yield f"and {len(rows.edges) - len(shown):,} more rows: use --format json"
    yield ""


def _groups(rows: Listing) -> Iterator[str]:
    if rows.is_grouped:
        yield f"the pairs are too many to list, so sources stand in {len(rows.groups)} groups: see --format json"


def _exposed(found: Connections) -> Iterator[str]:
    for exposure in found.exposures:
        words = ", ".join(exposure.ports.words or exposure.asked.words)
        yield f"exposed by {exposure.via}: {exposure.workload} on {words}: {_VERDICTS[exposure.verdict]}"


_VERDICTS = {
    "open": "the policies let it through",
    "partly": "the policies let a part through",
    "depends": "it depends on the namespace and labels of the ingress controller",
    "closed": "the policies block it",
}


def _unknown(found: Connections) -> Iterator[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for unknown in found.unknown:
        name = found.workloads[unknown.workload].id
        reasons.setdefault((unknown.direction, unknown.reason), []).append(name)
    for (direction, reason), names in reasons.items():
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        yield f"unknown: more {direction} of {names[0]}{more} may be open: {reason}"


def _problems(found: Connections) -> Iterator[str]:
    for problem in found.problems:
        word = "error" if problem.is_error else "remark"
        yield f"{word}: {problem.place.path}:{problem.place.start.line}: {problem.message}"


def _total(found: Connections, rows: Listing) -> str:
    isolated = ", ".join(
        f"{found.isolated[direction].bit_count():,} isolated for {direction}" for direction in (INGRESS, EGRESS)
    )
    return f"{len(found.workloads):,} workloads ({isolated}), {found.pair_count:,} pairs that may connect"


