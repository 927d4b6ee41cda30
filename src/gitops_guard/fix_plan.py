"""Which fix pull requests a tree wants: groups of proved fixes by rule, family, directory or owner."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gitops_guard import pipeline
from gitops_guard.codeowners import FILES, CodeOwners, read_codeowners
from gitops_guard.engine import Detection
from gitops_guard.finding import NEEDS_REVIEW, SAFE, Finding
from gitops_guard.fix_groups import REGULAR, FileChange, FixedProblem, FixGroup
from gitops_guard.settings import FixPullRequests
from gitops_guard.tree_fixes import FixedFile, fix_some, solved_by_rendering

NOBODY = "without an owner"
_TOP = "the top"

KeyOf = Callable[[Finding], str]
"""The key of the group that a finding belongs to."""


class Request(NamedTuple):
    """What is asked for: the setting, and keys of groups that somebody asked for besides (a ticked box)."""

    setting: FixPullRequests
    requested: frozenset[str] = frozenset()


def planned(run: pipeline.Run, request: Request, paths: Sequence[str] = ()) -> tuple[FixGroup, ...]:
    """The groups of proved fixes of a tree, those with the most severe problems first.

    Each group is proved by itself, as if it were the only one: any of them can be merged alone.

    Args:
        run: the run over the tree.
        request: what is asked for.
        paths: files and folders; none means the whole tree.
    """
    owners = local_codeowners(run.root)
    key_of = grouping(request.setting, owners)
    asked = run._replace(only=frozenset(request.setting.rules)) if request.setting.rules else run
    found: dict[str, list[FixedFile]] = {}
    for key, fixed in fix_some(
        asked, paths, key_of, safe_only=not request.setting.needs_review, left_out=solved_by_rendering(asked, paths)
    ):
        found.setdefault(key, []).append(fixed)
    groups = ((key, files) for key, files in found.items() if any(one.after != one.file.text for one in files))
    ordered = sorted(groups, key=lambda entry: (-_worst(entry[1]), entry[0]))
    return tuple(_group(run.root, key, files, owners, request) for key, files in ordered)


def grouping(setting: FixPullRequests, owners: CodeOwners) -> KeyOf:
    """How findings are grouped."""

    def directory(finding: Finding) -> str:
        return "/".join(finding.place.path.split("/")[:-1][: setting.depth]) or _TOP

    keys: Mapping[str, KeyOf] = {
        "rule": lambda finding: finding.rule_id,
        "family": lambda finding: finding.rule_id.split("-")[1],
        "directory": directory,
        "owner": lambda finding: " ".join(owners.of(finding.place.path)) or NOBODY,
    }
    return keys[setting.group_by]


def local_codeowners(root: str) -> CodeOwners:
    """The CODEOWNERS file of a tree; it owns nothing where there is none, or it cannot be read."""
    for name in FILES:
        path = os.path.join(root, name)  # noqa: PTH118 - pathlib costs start-up
        if os.path.isfile(path) and not os.path.islink(path):  # noqa: PTH113, PTH114 - likewise
            with open(path, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123 - likewise
                return read_codeowners(file.read())
    return CodeOwners()


def _group(root: str, key: str, files: list[FixedFile], owners: CodeOwners, request: Request) -> FixGroup:
    changed = [one for one in files if one.after != one.file.text]
    patches = [s.patch for one in changed for s in one.applied if s.patch is not None]
    problems = tuple(_problems(changed))
    return FixGroup(
        key=key,
        title=_title(key, request.setting.group_by, problems),
        files=tuple(file_change(root, one) for one in changed),
        safety=SAFE if all(patch.safety == SAFE for patch in patches) else NEEDS_REVIEW,
        findings=problems,
        proof=tuple(dict.fromkeys(step for patch in patches for step in patch.proof)),
        note="; ".join(dict.fromkeys(patch.note for patch in patches if patch.note)),
        owners=tuple(dict.fromkeys(owner for one in changed for owner in owners.of(one.file.path))),
        requested=key in request.requested,
    )


def _title(key: str, group_by: str, problems: Sequence[FixedProblem]) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    where = {"rule": f"of {key}", "family": f"of the {key} rules", "directory": f"in {key}", "owner": f"for {key}"}
    # A name in a title pings nobody, and must not look as if it did.
    return f"Fix {count} {where[group_by]}".replace("@", "")


def _problems(files: Iterable[FixedFile]) -> Iterator[FixedProblem]:
    for finding in (detection.finding for detection in _solved(files)):
        yield FixedProblem(finding.rule_id, finding.place.path, finding.place.start.line, finding.message)


def _solved(files: Iterable[FixedFile]) -> Iterator[Detection]:
    return (detection for one in files for solution in one.applied for detection in solution.solved)


def _worst(files: Iterable[FixedFile]) -> int:
    return max((detection.finding.severity for detection in _solved(files)), default=0)


def file_change(root: str, fixed: FixedFile) -> FileChange:
    """A fixed file as a commit takes it, with the mode that it has on disk."""
    mode = os.lstat(os.path.join(root, fixed.file.path)).st_mode  # noqa: PTH118 - pathlib costs start-up
    name = REGULAR if not mode & stat.S_IXUSR else "100755"
    return FileChange(fixed.file.path, fixed.file.encode(fixed.file.text), fixed.file.encode(fixed.after), name)
