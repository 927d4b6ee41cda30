"""The report as JSON: a contract that scripts depend on. Its schema is `schemas/report.schema.json`.

A sweep writes 15,000 findings within a budget of microseconds for each, so nothing is copied, and what recurs is
made once.
"""

import json
from typing import TYPE_CHECKING, Any

from gitops_guard import __version__
from gitops_guard.finding import Finding, FixOffer, Resource, Severity
from gitops_guard.publishers.escape import valid_json
from gitops_guard.report import SCHEMA_VERSION, Comparison, ImageRow, Report
from gitops_guard.syntax.field import KeyPath, format_keypath

if TYPE_CHECKING:
    from gitops_guard.rendered_effect import RootChange

Json = dict[str, Any]


def render(report: Report) -> str:
    r"""The report as JSON text, UTF-8 throughout: bytes of names that are not are written as `\xNN`."""
    coverage, writer = report.coverage, _Writer()
    value: Json = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "gitops-guard", "version": __version__},
        "kubernetes_version": report.kubernetes_version,
        "configuration": report.configuration,
        "fail_level": "none" if report.fail_level is None else report.fail_level.label,
        "comparison": None if report.comparison is None else _comparison(report.comparison),
        "findings": [writer.finding(finding) for finding in report.findings],
        "fixed": [writer.finding(finding) for finding in report.fixed],
        "coverage": {
            "scanned": coverage.scanned,
            "rendered": coverage.rendered,
            "skipped": [skipped._asdict() for skipped in coverage.skipped],
            "failed": [failed._asdict() for failed in coverage.failed],
            **({"notes": coverage.notes} if coverage.notes else {}),
        },
        "skipped_rules": [rule._asdict() for rule in report.skipped_rules],
        "waivers": [note._asdict() for note in report.waivers],
        "images": [_image(row) for row in report.images],
        **({"rendered_changes": [_root_change(one) for one in report.rendered]} if report.rendered else {}),
        "timing": {"seconds": round(report.seconds, 3)},
    }
    return valid_json(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) + "\n"


def _root_change(change: "RootChange") -> Json:
    """A root; `unknown` says why it was not compared, `more` counts objects that are not listed."""
    objects = [{**one._asdict(), "fields": [field._asdict() for field in one.fields]} for one in change.objects]
    return {**change._asdict(), "objects": objects}


class _Writer:
    """Turns findings into JSON values; what many share (an object, a keypath, a severity) is one value for all."""

    def __init__(self) -> None:
        self._keypaths: dict[KeyPath, str] = {}
        self._resources: dict[Resource, Json] = {}
        self._severities = {severity: severity.label for severity in Severity}

    def finding(self, finding: Finding) -> Json:
        (
            rule_id,
            rule_name,
            severity,
            message,
            place,
            resource,
            _,
            fingerprint,
            controls,
            status,
            fix,
            _,
            by,
            origin,
            _,
            also,
            rendered_in,
        ) = finding
        path, _, keypath, _, start, end = place
        written = self._keypaths.get(keypath)
        if written is None:
            written = self._keypaths[keypath] = format_keypath(keypath)
        about = self._resources.get(resource)
        if about is None:
            about = self._resources[resource] = resource._asdict()
        found: Json = {
            "rule_id": rule_id,
            "rule_name": rule_name,
            "severity": self._severities[severity],
            "message": message,
            "path": path,
            "start_line": start.line,
            "end_line": end.line,
            "start_column": start.column,
            "end_column": end.column,
            "keypath": written,
            "resource": about,
            "origin": origin,
            "fingerprint": fingerprint,
            "status": status,
            "controls": controls,
            "fix": None if fix is None else _fix(fix),
        }
        if by:
            found["suppressed_by"] = by
        if rendered_in:
            found["rendered_in"] = rendered_in
        if also:
            found["also_at"] = [_other_place(one) for one in also]
        return found


def _other_place(finding: Finding) -> Json:
    place = finding.place
    return {
        "path": place.path,
        "start_line": place.start.line,
        "start_column": place.start.column,
        "keypath": format_keypath(place.keypath),
        "resource": finding.resource._asdict(),
        "fingerprint": finding.fingerprint,
    }


def _fix(offer: FixOffer) -> Json:
    patch = offer.combined or offer.patch
    return {
        "title": offer.title,
        "safety": offer.safety,
        "note": offer.note,
        "patch": None if patch is None else patch.diff,
        "proof": () if patch is None else patch.proof,
        "refused": offer.refused,
    }


def _image(row: ImageRow) -> Json:
    from gitops_guard.publishers.image_json import image  # noqa: PLC0415 - many reports name no image

    return image(row)


def _comparison(comparison: Comparison) -> Json:
    words = (severity.label for severity in Severity)
    return {
        "base": comparison.base,
        "merge_base": comparison.merge_base,
        "head": comparison.head,
        "existing": dict(zip(words, comparison.existing, strict=True)),
        "policy_files": comparison.policy_files,
    }
