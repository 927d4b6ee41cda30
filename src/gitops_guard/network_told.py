"""What a person is told beside synthesised policies: what was proved, what is closed, and what has to be decided."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from gitops_guard.network.closing import Closed
from gitops_guard.network.connections import Edge
from gitops_guard.network.drafting import Refusal
from gitops_guard.network.evidence import Edge as InferredEdge
from gitops_guard.network.evidence import Inference
from gitops_guard.network.needs import Gap
from gitops_guard.network.synthesis import Proof, Synthesis
from gitops_guard.publishers.escape import printable_unicode
from gitops_guard.syntax.field import format_keypath

_SHOWN = 20
_LISTED = 10_000

Json = dict[str, object]


def told(found: Synthesis, unplaced: Sequence[Refusal], remarks: Iterable[str], paths: Sequence[str]) -> Iterator[str]:
    """The lines, fit to print."""
    for line in _lines(found, unplaced, remarks, paths):
        yield printable_unicode(line)


def _lines(
    found: Synthesis, unplaced: Sequence[Refusal], remarks: Iterable[str], paths: Sequence[str]
) -> Iterator[str]:
    policies = sum(len(group.drafts) for group in found.groups)
    yield f"{policies:,} policies for {len(found.groups):,} namespaces or folders; {len(paths):,} files change"
    yield from _proved(found.proof, policies)
    for refusal in (*found.refused, *unplaced):
        yield f"not offered for the {refusal.scope}: {refusal.reason}"
    yield from _gaps(found.gaps)
    yield from (f"cannot be decided: {problem}" for problem in found.proof.problems[:_SHOWN])
    yield from _closed(found.proof.closed)
    yield from remarks


def _proved(proof: Proof, policies: int) -> Iterator[str]:
    if policies:
        yield f"proved: {len(proof.allowed):,} needed connections are allowed, DNS among them; each policy selects pods"
        yield f"{len(proof.beyond):,} connections between workloads are allowed beyond what is needed"
    for edge in proof.beyond[:_SHOWN] if policies else ():
        yield f"    {edge.source} -> {edge.target}  {', '.join(edge.ports.words)}"
    if proof.unproved:
        yield f"{proof.unproved:,} connections are left to Cilium (host names, its entities): not proved here"
    for verdict in proof.stopped:
        edge = verdict.edge
        words = ", ".join(verdict.missing.words)
        yield f"stopped by policies that are there: {edge.source} -> {edge.target} on {words}"


def _gaps(gaps: Sequence[Gap]) -> Iterator[str]:
    if gaps:
        yield f"{len(gaps):,} connections are needed and not opened:"
    for gap in gaps:
        one = gap.subject
        yield f"    {one.workload.kind} {one.workload.name} ({one.scope}): {gap.text}"


def _closed(change: Closed) -> Iterator[str]:
    """What was allowed before and is not any more."""
    if change.total:
        yield f"{change.total:,} connections that were allowed before are closed, in whole or in part:"
    for source, target in islice(change.ends(), _SHOWN):
        yield f"    {source} -> {target}"
    if change.total > _SHOWN:
        yield f"    and {change.total - _SHOWN:,} more"
    for shift in change.change.exposures:
        if shift.after is not None and shift.after.ports.is_empty and shift.before and not shift.before.ports.is_empty:
            yield f"no longer reachable through {shift.after.via}: {shift.after.workload}"


def as_values(connections: Inference, found: Synthesis, unplaced: Sequence[Refusal], remarks: Iterable[str]) -> Json:
    """The same for machines, without the files; `edges` as `network infer` gives them, less what it says besides."""
    proof = found.proof
    return {
        "edges": [_inferred(edge) for edge in connections.edges],
        "proof": {
            "allowed": [_edge(edge) for edge in proof.allowed],
            "stopped": [_edge(verdict.edge._replace(ports=verdict.missing)) for verdict in proof.stopped],
            "beyond": [_edge(edge) for edge in proof.beyond],
            "closed": proof.closed.total,
            "closed_first": [list(ends) for ends in islice(proof.closed.ends(), _LISTED)],
            "left_to_cilium": proof.unproved,
            "problems": list(proof.problems),
        },
        "not_opened": [_gap(gap) for gap in found.gaps],
        "refused": [
            {"namespace": one.scope.namespace, "folder": one.scope.folder, "reason": one.reason}
            for one in (*found.refused, *unplaced)
        ],
        "remarks": list(remarks),
    }


def _inferred(edge: InferredEdge) -> Json:
    return {
        "source": edge.source,
        "target": edge.target,
        "ports": list(edge.ports),
        "host": edge.host,
        "via": edge.via,
        "evidence": [
            {
                "path": one.place.path,
                "line": one.place.start.line,
                "keypath": format_keypath(one.place.keypath),
                "source": one.source,
                "text": one.text,
            }
            for one in edge.evidence
        ],
    }


def _edge(edge: Edge) -> Json:
    return {"source": edge.source, "target": edge.target, "ports": list(edge.ports.words)}


def _gap(gap: Gap) -> Json:
    return {
        "workload": gap.subject.workload.id,
        "folder": gap.subject.scope.folder,
        "direction": gap.direction,
        "peer": gap.peer,
        "ports": list(gap.ports.words),
        "reason": gap.reason,
        "setting": gap.setting,
        "evidence": gap.evidence,
    }
