"""Reads what a run without rights handed over: a stranger may have written every byte of it.

It is data: limits and the schema come first, then each value is taken only as what it may be. Texts stay texts, and the
publishers escape them; nothing is believed that could be known otherwise: names and controls of rules are the
catalogue's, proofs are said to be claims, places of comments come from GitHub.
"""

import json
import os
import stat
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from gitops_guard.errors import PublishError
from gitops_guard.finding import Finding, FixOffer, Patch, PatchedFile, Place, Resource, Severity
from gitops_guard.publishers.artifact import FILE, LIMIT
from gitops_guard.publishers.escape import printable_unicode
from gitops_guard.report import Comparison, Coverage, Report, RuleSummary, SkippedRule, WaiverNote
from gitops_guard.source_file import Skipped
from gitops_guard.text import Position, Span

Json = dict[str, Any]
CLAIM = "a claim of the scan of this pull request, whose author can change that scan: read it before you commit it"
_HINT = "nothing is posted; the artifact is of another version, or somebody changed it"


class Artifact(NamedTuple):
    """A report as somebody else tells it, the commit that it says it is about, and what it left out.

    `left_out` is the number of findings, `unnamed` that of files which were not looked at.
    """

    report: Report
    head_sha: str
    left_out: int
    unnamed: int


def read(folder: str, rules: Mapping[str, RuleSummary], schema: Json) -> Artifact:
    """Reads the artifact in a folder.

    Args:
        folder: where it was unpacked.
        rules: the catalogue, by id.
        schema: that of the artifact.

    Raises:
        PublishError: there is none, or it is not what it must be; no text of it is in the message.
    """
    path = os.path.join(folder, FILE)  # noqa: PTH118
    value = _checked(_parsed(_raw(path), path), schema, path)
    unknown = {f["rule_id"] for f in (*value["findings"], *value["fixed"])} - rules.keys()
    if unknown:
        raise PublishError("it names a rule that this version does not have", path=path, hint=_HINT)
    if any(_climbs(one["path"]) for one in (*value["findings"], *value["fixed"])):
        raise PublishError("a path leads out of the repository", path=path, hint=_HINT)
    patches = [_patch(patch) for patch in value["patches"]]
    try:
        findings = tuple(_finding(one, rules, patches) for one in value["findings"])
    except IndexError:
        raise PublishError("a finding names a patch that is not there", path=path, hint=_HINT) from None
    if any(finding.status == "fixed" for finding in findings):
        raise PublishError("a finding is both there and fixed", path=path, hint=_HINT)
    fixed = tuple(_finding(one, rules, []) for one in value["fixed"])
    return Artifact(
        _report(value, findings, fixed), value["head_sha"], value["findings_left_out"], value["files_left_out"]
    )


def _climbs(path: str) -> bool:
    """Whether a path, as a part of an address, would lead elsewhere."""
    return path.startswith("/") or not {".", ".."}.isdisjoint(path.split("/"))


def _raw(path: str) -> bytes:
    """The bytes of a plain file: no link is followed, no pipe waited for."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(opened, "rb") as file:  # noqa: PTH123 - an open descriptor
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                raise PublishError("it is no plain file", path=path, hint=_HINT)
            raw = file.read(LIMIT + 1)
    except OSError as error:
        raise PublishError(f"the artifact cannot be read: {error.strerror}", path=path) from None
    if len(raw) > LIMIT:
        raise PublishError(f"it is larger than {LIMIT // 1024 // 1024} MiB", path=path, hint=_HINT)
    return raw


def _parsed(raw: bytes, path: str) -> object:
    try:
        found: object = json.loads(raw.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise PublishError("it is not JSON", path=path, hint=_HINT) from None
    return found


def _no_number(word: str) -> float:
    raise ValueError(word)


def _unique(pairs: list[tuple[str, object]]) -> Json:
    """An object; one that has a name twice means one thing to one reader and another to the next."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _checked(value: object, schema: Json, path: str) -> Json:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - only `post` reads an artifact

    error = next(Draft202012Validator(schema).iter_errors(value), None)
    if error is not None or not isinstance(value, dict):
        where = "" if error is None else f" at {error.json_path} ({error.validator})"
        raise PublishError(f"it does not fit the schema{where}", path=path, hint=_HINT)
    return value


def _report(value: Json, findings: tuple[Finding, ...], fixed: tuple[Finding, ...]) -> Report:
    compared, coverage = value["comparison"], value["coverage"]
    return Report(
        findings=findings,
        fixed=fixed,
        coverage=Coverage(
            ("",) * coverage["scanned"],
            tuple(Skipped(**file) for file in coverage["skipped"]),
            tuple(Skipped(**file) for file in coverage["failed"]),
            ("",) * coverage["rendered"],
        ),
        comparison=Comparison(
            compared["base"],
            compared["merge_base"],
            value["head_sha"],
            tuple(compared["existing"]),
            tuple(compared["policy_files"]),
        ),
        skipped_rules=tuple(SkippedRule(**rule) for rule in value["skipped_rules"]),
        waivers=tuple(WaiverNote(**note) for note in value["waivers"]),
        fail_level=None if value["fail_level"] == "none" else Severity[value["fail_level"].upper()],
        configuration=value["configuration"],
        kubernetes_version=value["kubernetes_version"],
        seconds=float(value["seconds"]),
        network_patch=None if value["network_patch"] is None else _patch(value["network_patch"]),
        today=date.min,
    )


def _finding(value: Json, rules: Mapping[str, RuleSummary], patches: list[Patch]) -> Finding:
    rule, fix = rules[value["rule_id"]], value["fix"]
    offer = None
    if fix is not None:
        patch = None if fix["patch"] is None else patches[fix["patch"]]
        offer = FixOffer(fix["title"], fix["safety"], fix["note"], patch, fix["refused"])
    start, end = Position(*value["start"]), Position(*value["end"])
    return Finding(
        rule_id=rule.id,
        rule_name=rule.name,
        severity=Severity[value["severity"].upper()],
        message=value["message"],
        place=Place(value["path"], 0, (), Span(0, 0), start, max(start, end)),
        resource=Resource(**value["resource"]),
        stem=value["stem"],
        fingerprint=value["fingerprint"],
        controls=tuple(name for name in value["controls"] if name in rule.controls),
        status=value["status"],
        fix=offer,
        suppressed_by=value["suppressed_by"],
        rendered_in=tuple(value.get("rendered_in", ())),
    )


def _patch(value: Json) -> Patch:
    diff = "\n".join(_plain(line) for line in value["diff"].split("\n"))
    edit = value["edit"]
    files = () if edit is None or not _is_plain(edit) else (_file(edit),)
    return Patch(value["title"], value["safety"], value["note"], diff, files, (CLAIM,))


def _plain(line: str) -> str:
    return "\t".join(printable_unicode(part) for part in line.split("\t"))


def _is_plain(edit: Json) -> bool:
    """Whether lines show all that they hold: one with hidden or turning characters is never suggested."""
    lines = (*edit["before"], *edit["after"])
    return all(part.isprintable() for line in lines for part in line.removesuffix("\r").split("\t"))


def _file(edit: Json) -> PatchedFile:
    """The file as far as it is known: its other lines are left empty, before and after."""
    above = "\n" * (edit["first"] - 1)
    return PatchedFile(edit["path"], above + "\n".join(edit["before"]), above + "\n".join(edit["after"]))
