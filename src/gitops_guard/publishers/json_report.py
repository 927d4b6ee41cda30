"""The report as JSON: a contract that scripts depend on. Its schema is `schemas/report.schema.json`."""

import json
from typing import Any

from gitops_guard import __version__
from gitops_guard.finding import Finding, FixOffer
from gitops_guard.publishers.escape import valid_unicode
from gitops_guard.report import SCHEMA_VERSION, Comparison, Report
from gitops_guard.source_file import Skipped
from gitops_guard.syntax.field import format_keypath

Json = dict[str, Any]


def render(report: Report) -> str:
    r"""The report as JSON text, UTF-8 throughout: bytes of names that are not are written as `\xNN`."""
    coverage = report.coverage
    value: Json = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "gitops-guard", "version": __version__},
        "kubernetes_version": report.kubernetes_version,
        "configuration": valid_unicode(report.configuration),
        "fail_level": "none" if report.fail_level is None else report.fail_level.label,
        "comparison": None if report.comparison is None else _comparison(report.comparison),
        "findings": [_finding(finding) for finding in report.findings],
        "fixed": [_finding(finding) for finding in report.fixed],
        "coverage": {
            "scanned": [valid_unicode(path) for path in coverage.scanned],
            "rendered": [valid_unicode(path) for path in coverage.rendered],
            "skipped": [_skipped(skipped) for skipped in coverage.skipped],
            "failed": [_skipped(failed) for failed in coverage.failed],
        },
        "skipped_rules": [rule._asdict() for rule in report.skipped_rules],
        "waivers": [note._asdict() for note in report.waivers],
        "images": [],
        "timing": {"seconds": round(report.seconds, 3)},
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _finding(finding: Finding) -> Json:
    place, resource = finding.place, finding.resource
    found: Json = {
        "rule_id": finding.rule_id,
        "rule_name": finding.rule_name,
        "severity": finding.severity.label,
        "message": valid_unicode(finding.message),
        "path": valid_unicode(place.path),
        "start_line": place.start.line,
        "end_line": place.end.line,
        "start_column": place.start.column,
        "end_column": place.end.column,
        "keypath": valid_unicode(format_keypath(place.keypath)),
        "resource": {
            "api_version": resource.api_version,
            "kind": resource.kind,
            "namespace": resource.namespace,
            "name": resource.name,
            "container": resource.container,
        },
        "origin": finding.origin,
        "fingerprint": finding.fingerprint,
        "status": finding.status,
        "controls": finding.controls,
        "fix": None if finding.fix is None else _fix(finding.fix),
    }
    if finding.suppressed_by:
        found["suppressed_by"] = valid_unicode(finding.suppressed_by)
    return found


def _fix(offer: FixOffer) -> Json:
    patch = offer.patch
    return {
        "title": valid_unicode(offer.title),
        "safety": offer.safety,
        "note": valid_unicode(offer.note),
        "patch": None if patch is None else valid_unicode(patch.diff),
        "proof": [] if patch is None else list(patch.proof),
        "refused": valid_unicode(offer.refused),
    }


def _skipped(skipped: Skipped) -> Json:
    return {"path": valid_unicode(skipped.path), "reason": valid_unicode(skipped.reason)}


def _comparison(comparison: Comparison) -> Json:
    words = ("info", "low", "medium", "high", "critical")
    return {
        "base": valid_unicode(comparison.base),
        "merge_base": comparison.merge_base,
        "head": valid_unicode(comparison.head),
        "existing": dict(zip(words, comparison.existing, strict=True)),
    }
