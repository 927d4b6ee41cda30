"""What a change does to connections, for programs."""

import json
from collections.abc import Iterator
from itertools import islice

from gitops_guard.finding import Patch, Place
from gitops_guard.network.change import Broken, Compared, NetworkChange
from gitops_guard.network.change_rows import ChangeRow
from gitops_guard.network.connections import Connections, Exposure
from gitops_guard.network.evidence import Evidence
from gitops_guard.network.judging import Judged
from gitops_guard.publishers import coverage_values
from gitops_guard.publishers.escape import valid_json
from gitops_guard.report import SCHEMA_VERSION, Coverage
from gitops_guard.syntax.field import format_keypath

Json = dict[str, object]

MOST_EDGES = 50_000
"""Up to so many changed pairs are listed one by one, those of new and removed workloads included."""


def as_json(found: Compared, ends: tuple[str, str, str], coverage: Coverage, patch: Patch | None = None) -> str:
    """The report as JSON: `edges` one by one, and what is said of them, most important first.

    Args:
        found: the comparison.
        ends: the base as named, the commit that it was compared at, and the head.
        coverage: what was looked at.
        patch: the policies for what is needed and denied.
    """
    change, difference = found.change, found.difference
    edges = list(islice(_edges(found), MOST_EDGES))
    value: Json = {
        "schema_version": SCHEMA_VERSION,
        "base": ends[0],
        "merge_base": ends[1],
        "head": ends[2],
        "exposures": [
            {"before": _exposure(one.before, difference.base), "after": _exposure(one.after, difference.head)}
            for one in change.exposures
        ],
        "reachable": [_row(row) for row in change.reachable],
        "probably_broken": [_broken(one) for one in change.broken],
        "needed_but_denied": [_denied(one) for one in change.needed_but_denied],
        "policy_patch": None if patch is None else {"diff": patch.diff, "note": patch.note, "proof": list(patch.proof)},
        "explained": [_row(row) for row in change.explained],
        "rest": [_row(row) for row in change.rest],
        "workloads": {"added": list(difference.added), "removed": list(change.departures)},
        "edges": edges,
        "edges_complete": len(edges) < MOST_EDGES,
        "unknown": list(change.doubts),
        "problems": [
            {"message": problem.message, "is_error": problem.is_error, **_place(problem.place)}
            for problem in change.problems
        ],
        "notes": list(change.notes),
        "summary": _summary(change, difference.pair_count),
        "coverage": coverage_values.as_values(coverage),
    }
    return valid_json(json.dumps(value, ensure_ascii=False, indent=1)) + "\n"


def _edges(found: Compared) -> Iterator[Json]:
    evidence = {
        (row.sources[0], row.targets[0]): [_evidence(one) for one in row.evidence] for row in found.change.explained
    }
    evidence |= {
        (one.need.source, one.need.target): [_evidence(proof) for proof in one.evidence] for one in found.change.broken
    }
    for change in found.difference.changes():
        pair = {"source": change.source, "target": change.target}
        rest = {"is_uncertain": change.is_uncertain, "evidence": evidence.get((change.source, change.target), [])}
        for word, ports in (("opened", change.opened), ("closed", change.closed)):
            if not ports.is_empty:
                yield {"change": word, **pair, "ports": list(ports.words), **rest}


def _summary(change: NetworkChange, pairs: int) -> Json:
    return {
        "changed_pairs": pairs,
        "exposures": len(change.exposures),
        "probably_broken": len(change.broken),
        "needed_but_denied": len(change.needed_but_denied),
        "opened": change.opened,
        "closed": change.closed,
        "added_workloads": len(change.arrivals),
        "removed_workloads": len(change.departures),
    }


def _exposure(one: Exposure | None, side: Connections) -> Json | None:
    if one is None:
        return None
    return {
        "workload": one.workload,
        "via": one.via,
        "service": one.through,
        "asked": list(one.asked.words),
        "ports": list(one.ports.words),
        "sources": None if one.addresses is None else list(side.blocks(one.addresses)),
        "verdict": one.verdict,
        **_place(one.place),
    }


def _row(row: ChangeRow) -> Json:
    return {
        "sources": list(row.sources),
        "targets": list(row.targets),
        "opened": list(row.opened),
        "closed": list(row.closed),
        "pairs": row.pairs,
        "is_uncertain": row.is_uncertain,
        "evidence": [_evidence(one) for one in row.evidence],
    }


def _broken(one: Broken) -> Json:
    return {
        "source": one.need.source,
        "target": one.need.target,
        "host": one.need.host,
        "via": one.need.via,
        "ports": list(one.ports),
        "cause": one.cause,
        "detail": one.detail,
        "evidence": [_evidence(proof) for proof in one.evidence],
    }


def _denied(one: Judged) -> Json:
    return {
        "source": one.need.source,
        "target": one.need.target,
        "host": one.need.host,
        "via": one.need.via,
        "ports": list(one.missing.words),
        "confidence": one.need.confidence,
        "evidence": [_evidence(proof) for proof in one.need.evidence],
    }


def _evidence(one: Evidence) -> Json:
    return {**_place(one.place), "source": one.source, "text": one.text, "confidence": one.confidence}


def _place(place: Place) -> Json:
    return {"path": place.path, "line": place.start.line, "keypath": format_keypath(place.keypath)}
