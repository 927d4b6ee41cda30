"""What a run that may not write hands over to one that may: the data of a report, and no word of Markdown.

`artifact_reading` is the other side, and believes none of it. Schema: `schemas/artifact.schema.json`.
"""

import json
from collections.abc import Iterable
from typing import Any

from gitops_guard import __version__
from gitops_guard.errors import UsageError
from gitops_guard.finding import DISPLAY_ONLY, FIXED, Finding, Patch
from gitops_guard.publishers import wording
from gitops_guard.publishers.escape import cut, valid_json
from gitops_guard.publishers.review import replaced_lines
from gitops_guard.report import Report
from gitops_guard.source_file import Skipped
from gitops_guard.text import Position

Json = dict[str, Any]
FILE = "gitops-guard.json"
LIMIT = 8 * 1024 * 1024
"""Bytes that the other side reads."""
FINDINGS, OTHERS, PATCHES, FILES = 2000, 1000, 200, 5000
_SHARES = (1, 4, 16, 64, 1000)
_ROOTS = 20
_PATH, _NAME, _NOTE, _DIFF, _LINE, _LINES, _FAR = 4096, 1000, 4000, 60_000, 4000, 200, 1_000_000


def render(report: Report, head_sha: str) -> str:
    """The artifact as JSON text within the limit: the least severe findings are left out, and how many is in it.

    Args:
        report: of a comparison.
        head_sha: the commit that was looked at.

    Raises:
        UsageError: the report is not one of a comparison, or too large even for its beginning.
    """
    for share in _SHARES:
        text = _rendered(report.by_place, head_sha, share)
        if len(text.encode("utf-8", "surrogateescape")) <= LIMIT:
            return text
    raise UsageError("the result is too large to be handed over")


def _rendered(report: Report, head_sha: str, share: int) -> str:
    """The artifact with a share of what fits its schema."""
    compared = report.comparison
    if compared is None:
        raise UsageError("only a comparison can be handed over")
    most, files = FINDINGS // share, FILES // share
    coverage = report.coverage
    shown = [*wording.most_severe_first(report.open), *report.with_status("waived")]
    patches = _Patches(PATCHES // share)
    value: Json = {
        "schema_version": "1.0",
        "tool_version": __version__,
        "head_sha": head_sha,
        "comparison": {
            "base": cut(compared.base, 300),
            "merge_base": compared.merge_base,
            "existing": list(compared.existing),
            "policy_files": [cut(path, _PATH) for path in compared.policy_files[:PATCHES]],
        },
        "fail_level": wording.level(report.fail_level),
        "configuration": cut(report.configuration, 300),
        "kubernetes_version": report.kubernetes_version,
        "seconds": round(report.seconds, 1),
        "findings": [_finding(finding, patches) for finding in shown[:most]],
        "findings_left_out": max(0, len(shown) - most),
        "fixed": [_finding(finding._replace(status=FIXED), None) for finding in report.fixed[: OTHERS // share]],
        "patches": patches.written,
        "network_patch": None if report.network_patch is None else _patch(report.network_patch),
        "coverage": {
            "scanned": len(coverage.scanned),
            "rendered": len(coverage.rendered),
            "skipped": _files(coverage.skipped[:files]),
            "failed": _files(coverage.failed[:files]),
        },
        "files_left_out": max(0, len(coverage.skipped) - files) + max(0, len(coverage.failed) - files),
        "skipped_rules": [{"rule_id": r.rule_id, "reason": cut(r.reason, 500)} for r in report.skipped_rules[:500]],
        "waivers": [_waiver(note._asdict()) for note in report.waivers[: OTHERS // share]],
    }
    return valid_json(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) + "\n"


class _Patches:
    """The patches that findings share, each written once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.written: list[Json] = []
        self._places: dict[int, int] = {}

    def place(self, patch: Patch | None) -> int | None:
        if patch is None or (id(patch) not in self._places and len(self.written) >= self._most):
            return None
        if id(patch) not in self._places:
            self._places[id(patch)] = len(self.written)
            self.written.append(_patch(patch))
        return self._places[id(patch)]


def _finding(finding: Finding, patches: _Patches | None) -> Json:
    fix, place = finding.fix, finding.place
    offer: Json | None = None
    if fix is not None and patches is not None:
        offer = {
            "title": cut(fix.title, _NAME),
            "safety": fix.safety,
            "note": cut(fix.note, _NOTE),
            "refused": cut(fix.refused, _NAME),
            "patch": patches.place(fix.patch),
        }
    return {
        "rule_id": finding.rule_id,
        "severity": finding.severity.label,
        "message": cut(finding.message, 2000),
        "path": cut(place.path, _PATH),
        "start": _position(place.start),
        "end": _position(place.end),
        "resource": {name: cut(value, _NAME) for name, value in finding.resource._asdict().items()},
        "stem": cut(finding.stem, _NOTE),
        "fingerprint": finding.fingerprint,
        "controls": list(finding.controls[:50]),
        "status": finding.status,
        "suppressed_by": cut(finding.suppressed_by, _NAME),
        **({"rendered_in": [cut(root, _PATH) for root in finding.rendered_in[:_ROOTS]]} if finding.rendered_in else {}),
        "fix": offer,
    }


def _position(position: Position) -> list[int]:
    return [min(position.line, _FAR), min(position.column, _FAR)]


def _patch(patch: Patch) -> Json:
    return {
        "title": cut(patch.title, _NAME),
        "safety": patch.safety,
        "note": cut(patch.note, _NOTE),
        "diff": cut(patch.diff, _DIFF),
        "edit": None if patch.shows_secret or patch.safety == DISPLAY_ONLY else _edit(patch),
    }


def _edit(patch: Patch) -> Json | None:
    """The lines that a suggestion would replace, and nothing else of the file."""
    replaced = replaced_lines(patch)
    if replaced is None:
        return None
    (first, last), file = replaced.anchor, patch.files[0]
    before, after = (file.before or "").split("\n"), file.after.split("\n")
    old, new = before[first - 1 : last], after[first - 1 : len(after) - (len(before) - last)]
    if max(len(old), len(new)) > _LINES or any(len(line) > _LINE for line in (*old, *new)) or first > _FAR:
        return None
    return {"path": file.path, "first": first, "before": old, "after": new}


def _files(files: Iterable[Skipped]) -> list[Json]:
    return [{"path": cut(f.path, _PATH), "reason": cut(f.reason, 500)} for f in files]


def _waiver(note: Json) -> Json:
    limits = {"rule_id": 100, "where": _PATH, "owner": 200, "ticket": 200, "detail": 500}
    return {name: cut(value, limits[name]) if name in limits else value for name, value in note.items()}
