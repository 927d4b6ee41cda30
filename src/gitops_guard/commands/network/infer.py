"""`network infer`: who talks to whom, with the evidence; as JSON and for a terminal."""

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from gitops_guard.checking import write
from gitops_guard.errors import CLEAN, INCOMPLETE
from gitops_guard.finding import Place
from gitops_guard.local_configuration import local_settings
from gitops_guard.network.cluster import Located
from gitops_guard.network.evidence import Edge, Evidence, Inference, Note, Unresolved
from gitops_guard.network.inference import infer as infer_objects
from gitops_guard.network.material import INFERENCE_KINDS
from gitops_guard.network_settings import CLUSTER_DOMAIN, NetworkSettings
from gitops_guard.publishers import coverage_values
from gitops_guard.publishers.escape import printable_unicode, valid_json
from gitops_guard.report import SCHEMA_VERSION, Coverage
from gitops_guard.syntax.field import format_keypath
from gitops_guard.tree_manifests import manifests

Json = dict[str, object]

_SHOWN_EVIDENCE = 3
_SHOWN_UNRESOLVED = 50


def inferred(arguments: argparse.Namespace, today: date) -> int:
    """Runs `network infer` and returns the exit code: 3 where something could not be read."""
    root = os.getcwd()  # noqa: PTH109 - as the rest of the way to a scan
    settings = local_settings(None, root, today)
    files = manifests(arguments.paths, root, settings)
    network = settings.network or NetworkSettings()
    found = infer(files.objects(INFERENCE_KINDS), network.cluster_domain)
    render = as_json if arguments.format == "json" else as_console
    write(render(found, files.coverage), arguments.output)
    return INCOMPLETE if files.failed else CLEAN


def infer(objects: Iterable[Located], cluster_domain: str = CLUSTER_DOMAIN) -> Inference:
    """What the objects of a repository say about connections; see `network.inference.infer`."""
    return infer_objects(objects, cluster_domain)


def as_json(found: Inference, coverage: Coverage) -> str:
    """The report for machines: `edges`, `unresolved`, `notes`, `summary`, `coverage`."""
    value: Json = {
        "schema_version": SCHEMA_VERSION,
        "edges": [_edge(edge) for edge in found.edges],
        "unresolved": [_unresolved(one) for one in found.unresolved],
        "notes": [_note(note) for note in found.notes],
        "summary": summary(found),
        "coverage": coverage_values.as_values(coverage),
    }
    return valid_json(json.dumps(value, ensure_ascii=False, indent=1)) + "\n"


def summary(found: Inference) -> Json:
    """How many references gave a connection, and why the others gave none."""
    reasons = Counter(one.reason for one in found.unresolved)
    return {
        "edges": len(found.edges),
        "resolved_references": found.resolved,
        "unresolved_references": len(found.unresolved),
        "unresolved_by_reason": dict(sorted(reasons.items())),
        "edges_by_confidence": dict(sorted(Counter(edge.confidence for edge in found.edges).items())),
    }


def _edge(edge: Edge) -> Json:
    return {
        "source": edge.source,
        "target": edge.target,
        "ports": list(edge.ports),
        "confidence": edge.confidence,
        "host": edge.host,
        "via": edge.via,
        "evidence": [_evidence(one) for one in edge.evidence],
        "evidence_omitted": edge.omitted,
    }


def _evidence(one: Evidence) -> Json:
    return {
        **_place(one.place),
        "source": one.source,
        "text": one.text,
        "confidence": one.confidence,
        "host": one.host,
        "ports": list(one.ports),
        "through": None if one.through is None else _place(one.through),
    }


def _place(place: Place) -> Json:
    return {"path": place.path, "line": place.start.line, "keypath": format_keypath(place.keypath)}


def _unresolved(one: Unresolved) -> Json:
    return {
        "source": one.source,
        "reference": one.reference,
        "reason": one.reason,
        "detail": one.detail,
        "evidence": _evidence(one.evidence),
    }


def _note(note: Note) -> Json:
    return {"text": note.text, "count": note.times, "first": _place(note.place)}


def as_console(found: Inference, coverage: Coverage) -> str:
    """The report for people: each connection with its evidence, then what gave none."""
    lines = [
        *_edges(found.edges),
        *_gaps(found.unresolved),
        *_remarks(found.notes),
        _total(found),
        *(printable_unicode(line) for line in coverage_values.on_rendering(coverage)),
        *_failures(coverage),
    ]
    return "\n".join(lines) + "\n"


def _edges(edges: tuple[Edge, ...]) -> Iterator[str]:
    for edge in edges:
        target = f"{edge.target} ({edge.host})" if edge.host else edge.target
        via = f" via {edge.via}" if edge.via else ""
        yield printable_unicode(f"{edge.source} -> {target}  {', '.join(edge.ports)}{via}  [{edge.confidence}]")
        for one in edge.evidence[:_SHOWN_EVIDENCE]:
            yield printable_unicode(f"    {one.place.where}  {one.source}  {one.text}{_through(one)}")
        more = len(edge.evidence) - _SHOWN_EVIDENCE + edge.omitted
        if more > 0:
            yield f"    and {more} more"
    if edges:
        yield ""


def _through(one: Evidence) -> str:
    return "" if one.through is None else f"  (by {one.through.where})"


def _gaps(unresolved: tuple[Unresolved, ...]) -> Iterator[str]:
    if not unresolved:
        return
    yield "References that give no connection:"
    for one in unresolved[:_SHOWN_UNRESOLVED]:
        place = one.evidence.place
        text = f"    {place.where}  {one.source}: {one.reference} ({one.detail})"
        yield printable_unicode(text)
    if len(unresolved) > _SHOWN_UNRESOLVED:
        yield f"    and {len(unresolved) - _SHOWN_UNRESOLVED:,} more: all of them are in the JSON report"
    yield ""


def _remarks(notes: tuple[Note, ...]) -> Iterator[str]:
    for note in notes:
        yield printable_unicode(f"Note ({note.times}, first {note.place.where}): {note.text}")


def _total(found: Inference) -> str:
    return (
        f"{len(found.edges):,} connections from {found.resolved:,} references; "
        f"{len(found.unresolved):,} references give none"
    )


def _failures(coverage: Coverage) -> Iterator[str]:
    for failed in coverage.failed:
        yield printable_unicode(f"not read: {failed.path}: {failed.reason}")
