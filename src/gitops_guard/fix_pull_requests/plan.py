"""Which fix pull requests a tree wants: groups of proved fixes by rule, family, directory or owner."""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard import pipeline
from gitops_guard.finding import NEEDS_REVIEW, SAFE, Finding, Patch
from gitops_guard.fix_pull_requests.codeowners import FILES, CodeOwners, read_codeowners
from gitops_guard.fix_pull_requests.groups import REGULAR, FileChange, FixedProblem, FixGroup
from gitops_guard.settings import FixPullRequests
from gitops_guard.tree_fixes import FixedFile, fix_some, seen_rendered
from gitops_guard.workbench import Workbench

if TYPE_CHECKING:
    from gitops_guard.rendered_sides import RenderedTree
    from gitops_guard.source_fixes import SourceFixes

NOBODY = "without an owner"
_TOP = "the top"
_MOST_OBJECTS = 25
"""Rendered objects that one group mends: its pull request is read by a person."""

KeyOf = Callable[[Finding], str]
"""The key of the group that a finding belongs to."""


class Request(NamedTuple):
    """What is asked for: the setting, and keys of groups that somebody asked for besides (a ticked box)."""

    setting: FixPullRequests
    requested: frozenset[str] = frozenset()


class Planned(NamedTuple):
    """The groups, those with the most severe problems first; not `complete` where rendering took too long for some."""

    groups: tuple[FixGroup, ...] = ()
    complete: bool = True


def planned(run: pipeline.Run, request: Request, paths: Sequence[str] = ()) -> Planned:
    """The groups of proved fixes of a tree.

    Each group is proved by itself, as if it were the only one: any of them can be merged alone.

    Args:
        run: the run over the tree.
        request: what is asked for.
        paths: files and folders; none means the whole tree.
    """
    owners = local_codeowners(run.root)
    key_of = grouping(request.setting, owners)
    asked = run._replace(only=frozenset(request.setting.rules)) if request.setting.rules else run
    safe_only = not request.setting.needs_review
    tree = seen_rendered(asked, paths)
    found, late = ({}, frozenset[str]()) if tree is None else _of_roots(asked, tree, key_of, safe_only=safe_only)

    def edited(key: str, path: str) -> str | None:
        sources = found[key].sources if key in found else None
        return None if sources is None else next((one.after for one in sources.files if one.path == path), None)

    left_out = frozenset() if tree is None else tree.left_out | tree.of_roots
    for key, fixed in fix_some(asked, paths, key_of, safe_only=safe_only, left_out=left_out, edited=edited):
        if fixed.after != fixed.file.text and key not in late:
            known = found.get(key, _Found())
            found[key] = known._replace(files=(*known.files, fixed))
    ordered = sorted(found.items(), key=lambda entry: (-entry[1].worst, entry[0]))
    return Planned(tuple(_group(run.root, key, one, owners, request) for key, one in ordered), complete=not late)


class _Found(NamedTuple):
    """The fixes of a group: of rendered objects at their sources, and of files by themselves."""

    sources: "SourceFixes | None" = None
    files: tuple[FixedFile, ...] = ()

    @property
    def patches(self) -> list[Patch]:
        """All of them."""
        of_files = (solution.patch for one in self.files for solution in one.applied)
        of_roots = () if self.sources is None else self.sources.patches
        return [*of_roots, *(patch for patch in of_files if patch is not None)]

    @property
    def solved(self) -> list[Finding]:
        """The problems that they solve."""
        of_files = (one.finding for file in self.files for solution in file.applied for one in solution.solved)
        return [*(() if self.sources is None else self.sources.solved), *of_files]

    @property
    def worst(self) -> int:
        """The severity of the most severe of these."""
        return max((finding.severity for finding in self.solved), default=0)


def _of_roots(
    run: pipeline.Run, tree: "RenderedTree", key_of: KeyOf, *, safe_only: bool
) -> tuple[dict[str, _Found], frozenset[str]]:
    """The fixes of rendered objects, each group by itself, and the groups for which rendering took too long."""
    from gitops_guard.source_fixes import Wish, fix_sources  # noqa: PLC0415 - few trees have roots

    rules = pipeline.load_rules(run)
    validate = Workbench(rules, run.context, {}).validate
    renderer = tree.roots.session.renderer
    found: dict[str, _Found] = {}
    late: set[str] = set()
    for key in dict.fromkeys(map(key_of, tree.open)):

        def is_wanted(finding: Finding, key: str = key) -> bool:
            return key_of(finding) == key

        renderer.renew()
        wish = Wish(safe_only=safe_only, is_wanted=is_wanted, most=_MOST_OBJECTS)
        fixed = fix_sources(tree, rules, run.context, validate, wish)
        if renderer.is_spent:
            late.add(key)
        elif fixed.files:
            found[key] = _Found(fixed)
    return found, frozenset(late)


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


def _group(root: str, key: str, found: _Found, owners: CodeOwners, request: Request) -> FixGroup:
    problems = tuple(FixedProblem(f.rule_id, f.place.path, f.place.start.line, f.message) for f in found.solved)
    changes = _changes(root, found)
    return FixGroup(
        key=key,
        title=_title(key, request.setting.group_by, problems),
        files=changes,
        safety=SAFE if all(patch.safety == SAFE for patch in found.patches) else NEEDS_REVIEW,
        findings=problems,
        proof=tuple(dict.fromkeys(step for patch in found.patches for step in patch.proof)),
        note="; ".join(dict.fromkeys(patch.note for patch in found.patches if patch.note)),
        owners=tuple(dict.fromkeys(owner for one in changes for owner in owners.of(one.path))),
        requested=key in request.requested,
    )


def _changes(root: str, found: _Found) -> tuple[FileChange, ...]:
    """The files of a group, as a commit takes them: what both kinds of fixes edit is one change."""
    changes: dict[str, FileChange] = {}
    for one in () if found.sources is None else found.sources.files:
        before = None if one.before is None else one.before.encode(one.before.text)
        mode = REGULAR if one.before is None else _mode(root, one.path)
        changes[one.path] = FileChange(one.path, before, one.raw, mode)
    for fixed in found.files:
        change = file_change(root, fixed)
        known = changes.get(change.path)
        changes[change.path] = change if known is None else known._replace(after=change.after)
    return tuple(changes.values())


def _title(key: str, group_by: str, problems: Sequence[FixedProblem]) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    where = {"rule": f"of {key}", "family": f"of the {key} rules", "directory": f"in {key}", "owner": f"for {key}"}
    # A name in a title pings nobody, and must not look as if it did.
    return f"Fix {count} {where[group_by]}".replace("@", "")


def file_change(root: str, fixed: FixedFile) -> FileChange:
    """A fixed file as a commit takes it, with the mode that it has on disk."""
    before, after = (fixed.file.encode(text) for text in (fixed.file.text, fixed.after))
    return FileChange(fixed.file.path, before, after, _mode(root, fixed.file.path))


def _mode(root: str, path: str) -> str:
    mode = os.lstat(os.path.join(root, path)).st_mode  # noqa: PTH118 - pathlib costs start-up
    return REGULAR if not mode & stat.S_IXUSR else "100755"
