"""The review of a pull request as a value: one comment and one suggestion per object, and what fits on no line.

Pure: it decides what is said and where; posting it is somebody else's.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gitops_guard.editing.diff import common_ends
from gitops_guard.finding import DISPLAY_ONLY, NEW, WAIVED, Finding, Patch
from gitops_guard.publishers import wording
from gitops_guard.publishers.escape import markdown_code as code
from gitops_guard.publishers.escape import markdown_text as plain
from gitops_guard.publishers.escape import summary_html
from gitops_guard.publishers.marks import short
from gitops_guard.report import Report

BODY_LIMIT = 60_000
"""Characters; GitHub refuses bodies over 65,536."""
SUGGESTION_LINES = 60
NOTE_LIMIT = 4000
FINGERPRINT = 8
"""How much of a fingerprint the mark of a comment holds."""

Commentable = Callable[[str, int, int], bool]
"""Whether GitHub accepts a comment on these lines of a path."""


class Anchor(NamedTuple):
    """The lines that a comment stands on; `first` equals `last` for one line."""

    first: int
    last: int


class Comment(NamedTuple):
    """A comment of a review. Without an anchor it belongs to the file, or, where that is not in the diff, nowhere.

    `key` identifies its object across pushes, `findings` what it says of it. `folded` says the same with a patch to
    apply in place of a suggestion, for where no suggestion works.
    """

    path: str
    anchor: Anchor | None
    body: str
    key: str
    findings: frozenset[str] = frozenset()
    folded: str = ""

    @property
    def suggests(self) -> bool:
        """Whether it must stand on exactly its lines."""
        return bool(self.folded)


class Review(NamedTuple):
    """What is posted: comments on lines, comments on files, and how many findings the budget left to the summary.

    `unposted` are the objects of those findings, `waived` those about which all that is left to say is accepted.
    """

    comments: tuple[Comment, ...]
    file_comments: tuple[Comment, ...]
    left_out: int
    unposted: frozenset[str] = frozenset()
    waived: frozenset[str] = frozenset()


def compose(report: Report, commentable: Commentable, changed: frozenset[str], budget: int) -> Review:
    """The review of a change.

    Args:
        report: of a comparison.
        commentable: where line comments are possible.
        changed: the paths of the diff, on which comments on files are possible.
        budget: how many comments at most; the rest is only in the summary.
    """
    policies = policy_comment(report.network_patch, commentable) if report.network_patch is not None else None
    budget -= policies is not None
    groups: dict[tuple[str, str], list[Finding]] = {}
    waived: set[str] = set()
    for finding in report.by_place.findings:
        if finding.status == NEW:
            groups.setdefault((finding.place.path, object_key(finding)), []).append(finding)
        elif finding.status == WAIVED:
            waived.add(object_key(finding))
    ordered = sorted(groups.values(), key=lambda found: (-max(f.severity for f in found), found[0].place.path))
    inline: list[Comment] = []
    on_files: list[Comment] = []
    left_out = 0
    unposted: set[str] = set()
    for found in ordered:
        path = found[0].place.path
        if path not in changed or len(inline) + len(on_files) >= budget:
            left_out += len(found)
            unposted.add(object_key(found[0]))
            continue
        comment = _comment(found, commentable)
        (on_files if comment.anchor is None else inline).append(comment)
    posted = (*inline, *([policies] if policies is not None else []))
    return Review(posted, tuple(on_files), left_out, frozenset(unposted), frozenset(waived))


def policy_comment(patch: Patch, commentable: Commentable) -> Comment | None:
    """A suggestion for the policies that a change needs, where their file is in the diff; else the summary has it."""
    replaced = replaced_lines(patch)
    if replaced is None:
        return None
    path, anchor = patch.files[0].path, replaced.anchor
    if not commentable(path, anchor.first, anchor.last):
        return None
    text = "\n".join(replaced.lines)
    fence = fence_for(text)
    head = f"**This change needs connections that its policies deny.** {plain(patch.title)}:"
    tail = ["", f"**Before you commit this:** {plain(patch.note, NOTE_LIMIT)}.", ""]
    tail += (f"- {plain(step, NOTE_LIMIT)}" for step in patch.proof)
    suggesting = _bounded("\n".join([head, "", f"{fence}suggestion", text, fence, *tail]) + "\n")
    folded = _bounded("\n".join([head, *_folded("The patch (git apply)", patch.diff), *tail]) + "\n")
    return Comment(path, anchor, suggesting, short("network", path), folded=folded)


def object_key(finding: Finding) -> str:
    """The identity of the object that a finding is about: without its path, so that renaming a file keeps it.

    A file without objects, a Dockerfile for example, is known by its name.
    """
    resource = finding.resource
    group = resource.api_version.rpartition("/")[0]
    if not resource.kind:
        return short("file", finding.place.path.rpartition("/")[2])
    return short("object", group, resource.kind, resource.namespace, resource.name)


def _comment(found: Sequence[Finding], commentable: Commentable) -> Comment:
    first = found[0]
    patch = _committable(found)
    anchor = suggestion = None
    if patch is not None:
        replaced = None if patch.shows_secret else replaced_lines(patch)
        # A patch of the source of something rendered may be one of another file.
        if (
            replaced is not None
            and patch.files[0].path == first.place.path
            and commentable(first.place.path, replaced.anchor.first, replaced.anchor.last)
        ):
            anchor, suggestion = replaced.anchor, replaced.lines
    if anchor is None:
        lines = sorted({finding.place.start.line for finding in found})
        line = next((line for line in lines if commentable(first.place.path, line, line)), None)
        anchor = None if line is None else Anchor(line, line)
    findings = frozenset(finding.fingerprint[:FINGERPRINT] for finding in found)
    folded = "" if suggestion is None else _body(found, patch, None)
    return Comment(first.place.path, anchor, _body(found, patch, suggestion), object_key(first), findings, folded)


def _committable(found: Sequence[Finding]) -> Patch | None:
    patches = (finding.fix.patch for finding in found if finding.fix is not None)
    return next((patch for patch in patches if patch is not None and patch.safety != DISPLAY_ONLY), None)


class Replaced(NamedTuple):
    """Lines of the text before a patch, and what stands there after it."""

    anchor: Anchor
    lines: tuple[str, ...]


def replaced_lines(patch: Patch) -> Replaced | None:
    """The smallest run of lines that a patch of one file replaces; None where no suggestion can say it."""
    if len(patch.files) != 1 or patch.files[0].before is None:
        return None
    before = patch.files[0].before.split("\n")
    after = patch.files[0].after.split("\n")
    start, end = common_ends(before, after)
    if start == len(before) - end:
        if start == 0:
            return None
        start -= 1
    lines = after[start : len(after) - end]
    if len(lines) > SUGGESTION_LINES or len(before) - end - start > SUGGESTION_LINES:
        return None
    return Replaced(Anchor(start + 1, len(before) - end), tuple(line.rstrip("\r") for line in lines))


def _said(finding: Finding) -> str:
    """The message, with the rendered results that have the problem where there are several."""
    roots = wording.in_roots(finding)
    return f"{finding.message} ({roots})" if roots else finding.message


def _body(found: Sequence[Finding], patch: Patch | None, suggestion: tuple[str, ...] | None) -> str:
    lines = [_headline(found, patch), "", "| Severity | What | Rule |", "|---|---|---|"]
    lines += (
        f"| {finding.severity.label} | {plain(_said(finding))} | {finding.rule_id} |"
        for finding in sorted(found, key=lambda f: (-f.severity, f.rule_id))
    )
    if suggestion is not None:
        text = "\n".join(suggestion)
        fence = fence_for(text)
        lines += ["", f"{fence}suggestion", text, fence]
    if patch is not None and patch.note:
        lines += ["", f"**Before you commit this:** {plain(patch.note, NOTE_LIMIT)}."]
    patches = _folded("The patch (git apply)", patch.diff) if patch is not None and suggestion is None else []
    for other in _to_read(found):
        patches += _folded(f"A patch to read: {summary_html(other.title)}", other.diff, f"{plain(other.note)}.")
    tail = _proof(found, patch)
    if sum(len(line) + 1 for line in (*lines, *patches, *tail)) > BODY_LIMIT:
        # Half a patch cannot be applied.
        patches = ["", "The patch is too long for a comment: `gitops-guard fix --diff` and the reports show it."]
    return _bounded("\n".join([*lines, *patches, *tail]) + "\n")


def _headline(found: Sequence[Finding], patch: Patch | None) -> str:
    resource = found[0].resource
    name = code(f"{resource.kind}/{resource.name}" if resource.kind else found[0].place.path)
    where = f" in {code(resource.namespace)}" if resource.namespace else ""
    containers = list(dict.fromkeys(f.resource.container for f in found if f.resource.container))
    inside = ""
    if containers:
        noun = "container" if len(containers) == 1 else "containers"
        inside = f", {noun} {', '.join(code(container) for container in containers)}"
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    solved = sum(1 for f in found if f.fix is not None and f.fix.patch is not None and f.fix.patch is patch)
    tail = "."
    if patch is not None:
        tail = " that one patch fixes." if solved == len(found) else f"; one patch fixes {solved} of them."
    return f"**{name}{where}{inside}**: this change introduces {count}{tail}"


def _to_read(found: Sequence[Finding]) -> list[Patch]:
    patches = (finding.fix.patch for finding in found if finding.fix is not None)
    to_read = {id(patch): patch for patch in patches if patch is not None and patch.safety == DISPLAY_ONLY}
    return list(to_read.values())


def _folded(summary: str, diff: str, note: str = "") -> list[str]:
    fence = fence_for(diff)
    return ["", f"<details><summary>{summary}</summary>", "", *([note, ""] if note else []),
            f"{fence}diff", diff.rstrip("\n"), fence, "", "</details>"]  # fmt: skip


def _proof(found: Sequence[Finding], patch: Patch | None) -> list[str]:
    controls = list(dict.fromkeys(c for f in found for c in f.controls if c.split(":")[0] in {"cis_k8s", "pss"}))
    lines = ["", "<details><summary>What was proved, and what it covers</summary>", ""]
    lines += (f"- {step}" for step in (patch.proof if patch is not None else ("no fix was proved",)))
    refused = {f.rule_id: f.fix.refused for f in found if f.fix is not None and f.fix.refused}
    lines += (f"- {rule}: no fix: {plain(reason)}" for rule, reason in refused.items())
    if controls:
        lines.append(f"- covers {', '.join(controls)}")
    worst = min(found, key=lambda f: (-f.severity, f.rule_id)).rule_id
    lines += ["", f"Explain: `gitops-guard explain {worst}`. Not for you? See waivers in docs/configuration.md."]
    return [*lines, "</details>"]


def fence_for(text: str) -> str:
    """A fence longer than any run of backticks in a text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)


def _bounded(body: str) -> str:
    if len(body) <= BODY_LIMIT:
        return body
    cut = body[:BODY_LIMIT].rpartition("\n")[0]
    fence = fence_for(cut)
    return f"{cut}\n{fence}\n\nThis comment was cut: the whole patch is in the report.\n"
