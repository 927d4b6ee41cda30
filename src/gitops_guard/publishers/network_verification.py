"""What `network verify` found, for a terminal and for programs."""

import json
from collections.abc import Iterator

from gitops_guard.finding import Place
from gitops_guard.network.evidence import Evidence, Inference
from gitops_guard.network.judging import Judged, Judgement, ports
from gitops_guard.network.listing import MOST_PAIRS
from gitops_guard.network.ports import PortSet
from gitops_guard.network.verify import ABSENT, ALLOWED, DENIED, UNKNOWN
from gitops_guard.publishers import coverage_values
from gitops_guard.publishers.cells import wrap
from gitops_guard.publishers.escape import printable_unicode, valid_json
from gitops_guard.publishers.network_map import NOTES
from gitops_guard.publishers.wording import plural
from gitops_guard.report import SCHEMA_VERSION, Coverage
from gitops_guard.syntax.field import format_keypath

Json = dict[str, object]

_EVIDENCE = 3
_SHOWN = 200
_WIDTH = 80
_INDENT = "    "


def beyond_count(found: Judgement) -> int:
    """How many pairs of workloads may connect on more ports than anything asks for; no pair is enumerated."""
    connections = found.verification.connections
    numbers = connections.numbers
    asked: dict[tuple[str, str], PortSet] = {}
    for one in found.needs:
        pair = one.need.source, one.need.target
        asked[pair] = asked[pair].union(ports(one.need)) if pair in asked else ports(one.need)
    exactly = 0
    for (source, target), wanted in asked.items():
        for start in numbers.get(source, ()):
            for end in numbers.get(target, ()):
                allowed = connections.between(start, end)
                exactly += not allowed.is_empty and allowed.difference(wanted).is_empty
    return connections.pair_count - exactly


def as_json(found: Judgement, needs: Inference, coverage: Coverage) -> str:
    """`edges` with a verdict each, `idle_policies`, and `beyond`: what is allowed that nothing asks for."""
    many = found.verification.connections.pair_count > MOST_PAIRS
    beyond = [] if many else list(found.verification.beyond())
    value: Json = {
        "schema_version": SCHEMA_VERSION,
        "edges": [_edge(one) for one in found.needs],
        "idle_policies": [{"policy": policy.id, **_place(policy.place)} for policy in found.verification.idle],
        "beyond": {
            "pairs": beyond_count(found),
            "is_listed": not many,
            "edges": [
                {"source": edge.source, "target": edge.target, "ports": list(edge.ports.words), "evidence": []}
                for edge in beyond
            ],
        },
        "problems": [
            {"message": problem.message, "is_error": problem.is_error, **_place(problem.place)}
            for problem in found.verification.connections.problems
        ],
        "unresolved_references": len(needs.unresolved),
        "notes": [*NOTES, *(note.text for note in needs.notes)],
        "summary": {status: sum(1 for _ in found.with_status(status)) for status in (ALLOWED, DENIED, UNKNOWN, ABSENT)},
        "coverage": coverage_values.as_values(coverage),
    }
    return valid_json(json.dumps(value, ensure_ascii=False, indent=1)) + "\n"


def _edge(one: Judged) -> Json:
    need = one.need
    return {
        "source": need.source,
        "target": need.target,
        "ports": list(need.ports),
        "host": need.host,
        "via": need.via,
        "confidence": need.confidence,
        "status": one.status,
        "missing": list(one.missing.words),
        "reason": one.reason,
        "evidence": [_evidence(proof) for proof in need.evidence],
    }


def _evidence(one: Evidence) -> Json:
    return {**_place(one.place), "source": one.source, "text": one.text, "confidence": one.confidence}


def _place(place: Place) -> Json:
    return {"path": place.path, "line": place.start.line, "keypath": format_keypath(place.keypath)}


def as_console(found: Judgement, needs: Inference, coverage: Coverage) -> str:
    """What is denied or not known, with its evidence; the rest in numbers. Lines have at most 80 columns."""
    lines: list[str] = []
    for status in (DENIED, UNKNOWN, ABSENT):
        rows = list(found.with_status(status))
        for one in rows[:_SHOWN]:
            lines += _entry(one)
        if len(rows) > _SHOWN:
            lines.append(f"and {len(rows) - _SHOWN:,} more: use --format json")
    for sentence in (*_remarks(found, needs, coverage), *_totals(found)):
        lines += _wrapped(sentence)
    return "\n".join(lines) + "\n"


def _entry(one: Judged) -> Iterator[str]:
    need = one.need
    target = f"{need.target} ({need.host})" if need.host else need.target
    via = f" through the {need.via}" if need.via else ""
    missing = ", ".join(one.missing.words) or "no port is known"
    yield from _wrapped(f"{one.status}: {need.source} -> {target}{via}  {missing}")
    if one.reason:
        yield from _wrapped(one.reason, _INDENT)
    for proof in need.evidence[:_EVIDENCE]:
        yield from _wrapped(f"needed by {proof.text} in {proof.place.where}", _INDENT)


def _remarks(found: Judgement, needs: Inference, coverage: Coverage) -> Iterator[str]:
    for policy in found.verification.idle[:_SHOWN]:
        yield f"selects nothing: {policy.id} in {policy.place.where}"
    for problem in found.verification.connections.problems[:_SHOWN]:
        if problem.is_error:
            yield f"error: {problem.place.where}: {problem.message}"
    for skipped in coverage.failed[:_SHOWN]:
        yield f"not read: {skipped.path}: {skipped.reason}"
    yield from coverage_values.on_rendering(coverage)
    for note in (*NOTES, *(note.text for note in needs.notes)):
        yield f"note: {note}"


def _totals(found: Judgement) -> Iterator[str]:
    counts = {status: sum(1 for _ in found.with_status(status)) for status in (ALLOWED, DENIED, UNKNOWN, ABSENT)}
    doubtful = counts[UNKNOWN] + counts[ABSENT]
    idle = len(found.verification.idle)
    yield (
        f"{plural(len(found.needs), 'needed connection')}: {counts[ALLOWED]:,} allowed, {counts[DENIED]:,} denied, "
        f"{doubtful:,} not known; {idle:,} {'policy selects' if idle == 1 else 'policies select'} nothing"
    )
    more = beyond_count(found)
    yield f"{plural(more, 'pair')} may connect beyond what is needed{' (listed with --format json)' if more else ''}"


def _wrapped(text: str, indent: str = "") -> Iterator[str]:
    for number, part in enumerate(wrap(printable_unicode(text), _WIDTH - len(_INDENT) - len(indent))):
        yield indent + _INDENT * bool(number) + part
