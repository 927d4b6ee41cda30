"""Who may connect to whom, for programs; and what every format says of what is not modelled."""

import json

from gitops_guard.finding import Place
from gitops_guard.network.cluster import EGRESS, INGRESS
from gitops_guard.network.connections import Connections, Edge, Exposure
from gitops_guard.network.listing import Listing
from gitops_guard.publishers import coverage_values
from gitops_guard.publishers.escape import valid_json
from gitops_guard.report import SCHEMA_VERSION, Coverage
from gitops_guard.syntax.field import format_keypath

Json = dict[str, object]

_REPLIES = "Replies are allowed too. The node of a pod may always connect to it (probes); nodes are no peers here."
_BLOCKS = "An ipBlock is taken to mean addresses outside: whether it also matches pods depends on the network plug-in."
NOTES = (_REPLIES, _BLOCKS)
"""What the API leaves open and the map therefore does not show."""
_MOST_REMARKS = 20


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
        "coverage": coverage_values.as_values(coverage),
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
