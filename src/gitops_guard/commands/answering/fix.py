"""`/gitops-guard fix`: commits proved fixes to the pull request's branch, or hands the patch to a fork."""

import re
import time
from collections.abc import Sequence

from gitops_guard.change_check import Judged
from gitops_guard.change_fixes import REVIEWED_TOO, SAFE_ONLY, Wish, fixes_of_change, shown_patch
from gitops_guard.chat import answer
from gitops_guard.chat.answer import Answer
from gitops_guard.chat.command import Fix
from gitops_guard.commands.answering.conversation import Conversation, judged
from gitops_guard.fix_pull_requests.groups import REGULAR, FileChange, committable
from gitops_guard.fix_pull_requests.update import FILES_OF_A_COMMIT
from gitops_guard.github.commits import StaleBranchError
from gitops_guard.publishers.escape import markdown_text as plain
from gitops_guard.rule_pages import find_rule
from gitops_guard.sources.git import Change, made
from gitops_guard.tree_fixes import FixedFile

_CLOCKS = 300
"""Seconds that clocks may differ: a commit further in the future than this says nothing about when it was pushed."""
_TRAILER = "Gitops-Guard-Comment"


def fix(talk: Conversation, asked: Fix) -> Answer:
    """Commits what was asked for, if the head is still the one that the comment speaks of."""
    with judged(talk) as (change, found):
        head = made(talk.root, talk.pull.head_sha)
        ours = re.search(rf"^{_TRAILER}: {talk.event.comment} (\d+)/(\d+)$", head.message, re.MULTILINE)
        if ours is not None and ours[1] == ours[2]:
            return Answer(f"Committed {talk.pull.head_sha} for this comment.", done=True)
        if ours is None and talk.event.at < head.at < time.time() + _CLOCKS:
            # Nobody had seen this head when the comment was written.
            return _moved(talk, "it was pushed after this comment")
        fixed = list(fixes_of_change(found, _wish(asked)))
        changed = [one for one in fixed if one.after != one.file.text]
        refused = [
            (f"{f.place.path}:{f.place.start.line}", f"{f.rule_id}: {why}") for one in fixed for f, why in one.refused
        ]
        if not changed:
            return _nothing(asked, refused)
        if talk.is_fork:
            return _patch(talk, found, changed, refused)
        return _commit(talk, asked, change, changed, refused)


def _wish(asked: Fix) -> Wish:
    if asked.what in {"safe", "all"}:
        return Wish(SAFE_ONLY if asked.what == "safe" else REVIEWED_TOO)
    return Wish(REVIEWED_TOO, frozenset((find_rule(asked.what).id,)))


def _moved(talk: Conversation, why: str) -> Answer:
    head = talk.pull.head_sha[:10]
    return answer.refusal(f"`{head}` is not what this comment speaks of: {why}. Look at its review, then ask again")


def _nothing(asked: Fix, refused: Sequence[tuple[str, str]]) -> Answer:
    which = {"safe": "safe fix", "all": "fix"}.get(asked.what, f"fix of {asked.what}")
    more = "" if asked.what != "safe" else " `/gitops-guard fix all` also commits those that want a review."
    text = f"Nothing to fix: what this pull request introduces has no proved {which}.{more}"
    return Answer(text + _listed("No fix was proved for", refused), done=True)


def _commit(
    talk: Conversation, asked: Fix, change: Change, changed: list[FixedFile], refused: Sequence[tuple[str, str]]
) -> Answer:
    modes = {file.path: file.new_mode for file in change.files}
    files = [
        FileChange(
            one.file.path, one.file.encode(one.file.text), one.file.encode(one.after), modes.get(one.file.path, REGULAR)
        )
        for one in changed
    ]
    kept, left_out = committable(files)
    if not kept:
        return answer.refusal("; ".join(f"{path}: {reason}" for path, reason in left_out[:5]))
    if talk.repository.pull(talk.pull.number).head_sha != talk.pull.head_sha:
        return _moved(talk, "a newer push came meanwhile")
    paths = {file.path for file in kept}
    done = [one for one in changed if one.file.path in paths]
    try:
        tip = _committed(talk, asked, kept, done)
    except StaleBranchError:
        return _moved(talk, "a newer push came meanwhile")
    files_word = "file" if len(kept) == 1 else "files"
    text = f"Committed {tip}: {_problems(done)} in {len(kept)} {files_word} ({', '.join(_rules(done))})."
    text += _notes(done) + _listed("Left out", left_out) + _listed("No fix was proved for", refused)
    return Answer(text + "\n\nChecks do not start by themselves for a workflow's own commit.", done=True)


def _committed(talk: Conversation, asked: Fix, files: Sequence[FileChange], done: list[FixedFile]) -> str:
    parts = [files[at : at + FILES_OF_A_COMMIT] for at in range(0, len(files), FILES_OF_A_COMMIT)]
    tip = talk.pull.head_sha
    for number, part in enumerate(parts, 1):
        body = f"Proved fixes ({asked.what}) of {', '.join(_rules(done))}, asked for in a comment.\n\n"
        body += f"{_TRAILER}: {talk.event.comment} {number}/{len(parts)}"
        tip = talk.committer.commit(talk.pull.head_ref, tip, (f"Fix {_problems(done)}", body), part)
    return tip


def _patch(talk: Conversation, found: Judged, changed: list[FixedFile], refused: Sequence[tuple[str, str]]) -> Answer:
    shown = shown_patch(found, changed)
    more = _listed("Left out", shown.left_out) + _listed("No fix was proved for", refused)
    if not shown.text:
        return Answer(f"Nothing can be shown of {_problems(changed)}.{more}", done=False)
    intro = f"The branch lies in another repository, where this workflow may not commit. For {talk.pull.head_sha[:10]}:"
    given = answer.patch(intro, shown.text)
    return given._replace(text=given.text + _notes(changed) + more)


def _rules(done: list[FixedFile]) -> list[str]:
    return sorted({d.finding.rule_id for one in done for solution in one.applied for d in solution.solved})


def _problems(done: list[FixedFile]) -> str:
    count = sum(len(solution.solved) for one in done for solution in one.applied)
    return "1 problem" if count == 1 else f"{count} problems"


def _notes(done: list[FixedFile]) -> str:
    patches = (solution.patch for one in done for solution in one.applied)
    notes = dict.fromkeys(patch.note for patch in patches if patch is not None and patch.note)
    return "".join(f"\n\n**Look at this:** {plain(note, 1000)}." for note in list(notes)[:5])


def _listed(what: str, rows: Sequence[tuple[str, str]]) -> str:
    return f"\n\n{what}:\n\n{answer.listed(rows)}" if rows else ""
