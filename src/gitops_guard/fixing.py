"""From proposals to patches: combines the fixes of one object, has the result proved, and leaves out what fails."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gitops_guard.editing.diff import unified_diff
from gitops_guard.editing.intent import AppendItem, DeleteKey, Intent, SetValue
from gitops_guard.engine import Detection
from gitops_guard.finding import DISPLAY_ONLY, NEEDS_REVIEW, SAFE, FixOffer, Patch, PatchedFile
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.field import KeyPath
from gitops_guard.text import LineIndex, Span
from gitops_guard.verify import Claim, Proved, Rejected, Rescan, Stems, Validate, prove

_ORDER = (SAFE, NEEDS_REVIEW, DISPLAY_ONLY)


ConnectionProof = Callable[[SourceFile, SourceFile], tuple[str, ...] | Rejected]
"""Says of the file before and after what a fix does to connections, or why it is not offered."""

ON_CONNECTIONS = "GG-NET-"
"""Rules whose fixes are proved on connections besides."""


class Bench(NamedTuple):
    """What a proof needs besides the file; `secrets` are spans of it that no patch may show.

    `connections` proves the fixes of network rules besides; None where there is no cluster to speak of.
    """

    rescan: Rescan
    validate: Validate
    secrets: tuple[Span, ...] = ()
    connections: ConnectionProof | None = None


class Group(NamedTuple):
    """The fixable problems of one object that one patch may solve."""

    document: int
    root: KeyPath
    detections: tuple[Detection, ...]


class Solution(NamedTuple):
    """A proved patch for some problems, and why the others have none."""

    patch: Patch | None
    solved: tuple[Detection, ...]
    refused: tuple[tuple[Detection, str], ...]


def groups(detections: Iterable[Detection]) -> list[Group]:
    """Groups proposals by object; patches to read are kept apart from those to commit."""
    found: dict[tuple[int, KeyPath, bool], list[Detection]] = {}
    for detection in detections:
        if detection.fix is not None:
            key = (detection.document, detection.root, detection.fix.safety == DISPLAY_ONLY)
            found.setdefault(key, []).append(detection)
    return [Group(document, root, tuple(members)) for (document, root, _), members in found.items()]


def solve(file: SourceFile, group: Group, bench: Bench, before: Stems | None = None) -> Solution:
    """One proved patch for as many problems of a group as can be solved together."""
    known = bench.rescan(file) if before is None else before
    members, clashing = _compatible(group.detections)
    proved = _prove(file, group, members, bench, known) if members else None
    if isinstance(proved, Proved):
        return Solution(_patch(file, members, proved, bench), tuple(members), tuple(clashing))
    refused = list(clashing)
    if len(members) == 1 and proved is not None:
        return Solution(None, (), (*refused, (members[0], proved.reason)))
    kept: list[Detection] = []
    best: Proved | None = None
    for member in members:
        tried = _prove(file, group, [*kept, member], bench, known)
        if isinstance(tried, Rejected):
            refused.append((member, tried.reason))
        else:
            kept.append(member)
            best = tried
    return Solution(None if best is None else _patch(file, kept, best, bench), tuple(kept), tuple(refused))


def _prove(
    file: SourceFile, group: Group, members: Sequence[Detection], bench: Bench, known: Stems
) -> Proved | Rejected:
    proved = prove(file, _claim(group, members), known, bench.rescan, bench.validate)
    on_connections = any(member.finding.rule_id.startswith(ON_CONNECTIONS) for member in members)
    if isinstance(proved, Rejected) or bench.connections is None or not on_connections:
        return proved
    said = bench.connections(file, file._replace(text=proved.after))
    return said if isinstance(said, Rejected) else proved._replace(proof=(*proved.proof, *said))


def solve_in_turn(
    file: SourceFile, detections: Sequence[Detection], bench_of: Callable[[SourceFile], Bench]
) -> Patch | None:
    """One patch that solves problems of several objects of a file, each proved on the text that the others left.

    Args:
        file: the file before.
        detections: what is to be solved, all of it.
        bench_of: what a proof needs for a text of the file.

    Returns:
        None where one of them has no proof.
    """
    current, solutions = file, []
    for group in groups(detections):
        solution = solve(current, group, bench_of(current))
        if solution.patch is None or solution.refused:
            return None
        current = current._replace(text=solution.patch.files[0].after)
        solutions.append(solution.patch)
    diff = _masked_diff(file, current.text, bench_of(file).secrets)
    whole = PatchedFile(file.path, file.text, current.text)
    return joined(solutions)._replace(diff=diff, files=(whole,)) if solutions else None


def joined(patches: Sequence[Patch]) -> Patch:
    """Several patches as one; there is at least one of them."""
    return Patch(
        title="; ".join(dict.fromkeys(patch.title for patch in patches)),
        safety=max((patch.safety for patch in patches), key=_ORDER.index),
        note="; ".join(dict.fromkeys(patch.note for patch in patches if patch.note)),
        diff="".join(patch.diff for patch in patches),
        files=tuple(file for patch in patches for file in patch.files),
        proof=tuple(dict.fromkeys(step for patch in patches for step in patch.proof)),
        shows_secret=any(patch.shows_secret for patch in patches),
    )


def offers(file: SourceFile, detections: Sequence[Detection], bench: Bench) -> dict[int, FixOffer]:
    """The proved offers for the detections of a file, keyed by the id of the detection."""
    found: dict[int, FixOffer] = {}
    known = bench.rescan(file)
    for group in groups(detections):
        solution = solve(file, group, bench, known)
        for detection in solution.solved:
            offer = detection.finding.fix
            if offer is not None:
                found[id(detection)] = offer._replace(patch=solution.patch)
        for detection, reason in solution.refused:
            offer = detection.finding.fix
            if offer is not None:
                found[id(detection)] = offer._replace(refused=reason)
    return found


def _claim(group: Group, members: Sequence[Detection]) -> Claim:
    intents = dict.fromkeys(_key(intent) for member in members for intent in _intents(member))
    by_key = {_key(intent): intent for member in members for intent in _intents(member)}
    stems = tuple(member.finding.stem for member in members)
    return Claim(group.document, group.root, tuple(by_key[key] for key in intents), stems)


def _intents(detection: Detection) -> tuple[Intent, ...]:
    return () if detection.fix is None else detection.fix.intents


def _key(intent: Intent) -> str:
    return repr(intent)


def _compatible(detections: Sequence[Detection]) -> tuple[list[Detection], list[tuple[Detection, str]]]:
    """The detections whose intents do not contradict those of more severe ones, or of equal ones before them."""
    clashing: dict[int, str] = {}
    known: list[Intent] = []
    for detection in sorted(detections, key=lambda one: -one.finding.severity):
        mine = _intents(detection)
        if any(_clash(one, other) for one in mine for other in known):
            clashing[id(detection)] = "it contradicts another fix of the same object: apply that one first"
        else:
            known += mine
    kept = [one for one in detections if id(one) not in clashing]
    return kept, [(one, clashing[id(one)]) for one in detections if id(one) in clashing]


def _clash(one: Intent, other: Intent) -> bool:
    if isinstance(one, AppendItem) and isinstance(other, AppendItem):
        return one.path == other.path and one != other and _name(one.value) == _name(other.value) is not None
    changing = (SetValue, DeleteKey)
    if isinstance(one, changing) and isinstance(other, changing):
        if one.path == other.path:
            return one != other
        shorter, longer = sorted((one, other), key=lambda intent: len(intent.path))
        return longer.path[: len(shorter.path)] == shorter.path
    return False


def _name(value: object) -> object:
    return value.get("name") if isinstance(value, dict) else None


def _patch(file: SourceFile, members: Sequence[Detection], proved: Proved, bench: Bench) -> Patch:
    fixes = [member.fix for member in members if member.fix is not None]
    safety = max((fix.safety for fix in fixes), key=_ORDER.index)
    notes = dict.fromkeys(fix.note for fix in fixes if fix.note)
    return Patch(
        title="; ".join(dict.fromkeys(fix.title for fix in fixes)),
        safety=safety,
        note="; ".join(notes),
        diff=_masked_diff(file, proved.after, bench.secrets),
        files=(PatchedFile(file.path, file.text, proved.after),),
        proof=proved.proof,
        shows_secret=_shows_secret(file.text, proved.after, bench.secrets),
    )


def _shows_secret(before: str, after: str, secrets: Iterable[Span]) -> bool:
    """Whether the lines that differ, with all lines between them, hold the text of a secret."""
    old, new = before.split("\n"), after.split("\n")
    start = next((i for i, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), 0)
    end = next((i for i, (one, other) in enumerate(zip(old[::-1], new[::-1], strict=False)) if one != other), 0)
    written = "\n".join(new[max(start - 1, 0) : len(new) - end])
    lines = (line.strip() for span in secrets for line in before[span.start : span.end].split("\n"))
    return any(line in written for line in lines if line)


def mask(text: str, spans: Iterable[Span]) -> str:
    """The text with the characters of the spans replaced by `*`, line ends kept."""
    pieces: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if end <= done:
            continue
        begin = max(start, done)
        pieces += (text[done:begin], "".join(c if c in "\r\n" else "*" for c in text[begin:end]))
        done = end
    return "".join((*pieces, text[done:]))


def _masked_diff(file: SourceFile, after: str, masked: Sequence[Span]) -> str:
    """The diff with secret text masked on both sides: lines are compared unmasked, so only what changes is shown."""
    diff = unified_diff(file.path, file.text, after)
    if not masked:
        return diff
    hidden = mask(file.text, masked)
    lines = LineIndex(file.text)
    secrets: dict[str, str] = {}
    for span in masked:
        first, last = lines.position(span.start).line, lines.position(max(span.start, span.end - 1)).line
        for line in range(first, last + 1):
            start, end = lines.line_start(line), lines.line_start(line + 1)
            secrets[file.text[start:end].rstrip("\r\n")] = hidden[start:end].rstrip("\r\n")
    out = []
    for row in diff.split("\n"):
        body = row[1:].rstrip("\r")
        out.append(row[:1] + secrets[body] if row[:1] in {"+", "-", " "} and body in secrets else row)
    return "\n".join(out)


def stems_of(detections: Iterable[Detection]) -> Stems:
    """The stems of detections with their numbers."""
    return Counter(detection.finding.stem for detection in detections)
