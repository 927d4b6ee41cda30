"""Both sides of a change, read by a real git."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from gitops_guard.errors import UsageError
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.sources.git import knows, open_change, parents


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    command = ["git", *identity, "-c", "protocol.file.allow=always", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def write(folder: Path, name: str | bytes, text: str) -> None:
    path = folder / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")


def commit(folder: Path, message: str = "c") -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "r"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    write(folder, "kept.yaml", "kind: Kept\n")
    write(folder, "moved.yaml", "a: 1\n" * 20)
    write(folder, "gone.yaml", "a: 1\nb: 2\nc: 3\n")
    write(folder, "edited.yaml", "".join(f"k{n}: {n}\n" for n in range(30)))
    commit(folder)
    git(folder, "checkout", "-qb", "change")
    return folder


def text(found: SourceFile | Skipped | None) -> str:
    assert isinstance(found, SourceFile)
    return found.text


@pytest.mark.parametrize("head", [None, "change"])
def test_edits_moves_additions_and_deletions(repository: Path, head: str | None) -> None:
    git(repository, "mv", "moved.yaml", "sub.yaml")
    (repository / "gone.yaml").unlink()
    write(repository, "new.yaml", "n: 1\n")
    write(repository, "edited.yaml", "first: 0\n" + (repository / "edited.yaml").read_text())
    commit(repository)
    with open_change(str(repository), "main", head) as change:
        found = {file.path: file for file in change.files}
        assert {path: file.status for path, file in found.items()} == {
            "edited.yaml": "M", "gone.yaml": "D", "new.yaml": "A", "sub.yaml": "R",
        }  # fmt: skip
        assert found["sub.yaml"].old_path == "moved.yaml"
        assert text(change.read_base(found["sub.yaml"])) == text(change.read_head(found["sub.yaml"]))
        assert change.read_head(found["gone.yaml"]) is None
        assert change.read_base(found["new.yaml"]) is None
        assert text(change.read_head(found["edited.yaml"])).startswith("first: 0\n")
        assert not text(change.read_base(found["edited.yaml"])).startswith("first")
        lines = change.changed_lines("edited.yaml")
        assert lines.commentable(1, 4)
        assert not lines.commentable(4, 6)
        assert lines.touches(1, 1)
        assert not lines.touches(2, 4)
        assert text(change.read_at_base("gone.yaml"))
        assert change.read_at_base("nothing.yaml") is None
        assert change.read_at_head("gone.yaml") is None


def test_a_named_head_never_reads_the_working_tree(repository: Path) -> None:
    write(repository, "new.yaml", "committed: 1\n")
    commit(repository)
    write(repository, "new.yaml", "uncommitted: 1\n")
    write(repository, "other.yaml", "untracked: 1\n")
    with open_change(str(repository), "main", "HEAD") as change:
        assert [text(change.read_head(file)) for file in change.files] == ["committed: 1\n"]
    with open_change(str(repository), "main", None) as change:
        assert [text(change.read_head(file)) for file in change.files] == ["uncommitted: 1\n", "untracked: 1\n"]


def test_the_merge_base_counts_not_the_tip(repository: Path) -> None:
    write(repository, "new.yaml", "n: 1\n")
    commit(repository)
    git(repository, "checkout", "-q", "main")
    write(repository, "kept.yaml", "kind: Changed\n")
    commit(repository)
    git(repository, "checkout", "-q", "change")
    with open_change(str(repository), "main", None) as change:
        assert [file.path for file in change.files] == ["new.yaml"]


@pytest.mark.parametrize("name", [b"new\nline.yaml", b'quo"te.yaml', b"caf\xe9.yaml", b"-oops.yaml", b"a b\tc.yaml"])
def test_odd_names(repository: Path, name: bytes) -> None:
    write(repository, name, "n: 1\n")
    commit(repository)
    with open_change(str(repository), "main", "change") as change:
        (file,) = change.files
        assert os.fsencode(file.path) == name
        assert text(change.read_head(file)) == "n: 1\n"
        assert change.changed_lines(file.path).commentable(1, 1)
        assert text(change.read_at_head(file.path)) == "n: 1\n"


def test_links_and_submodules_are_not_followed(repository: Path, tmp_path: Path) -> None:
    (repository / "link.yaml").symlink_to("/etc/hostname")
    commit(repository)
    for head in (None, "change"):
        with open_change(str(repository), "main", head) as change:
            (file,) = change.files
            found = change.read_head(file)
            assert isinstance(found, Skipped)
            assert "symbolic link" in found.reason
    assert tmp_path.exists()


def test_finds_related_files_by_text(repository: Path) -> None:
    write(repository, "a/x.yaml", "namespace: shop\n")
    write(repository, "a/y.yaml", "namespace: bank\n")
    write(repository, "a/z.txt", "namespace: shop\n")
    commit(repository)
    with open_change(str(repository), "main", None) as change:
        assert change.find(["namespace: shop"]) == ("a/x.yaml",)
        assert change.find(["nothing like it"]) == ()
        assert change.beside("a") == ("a/x.yaml", "a/y.yaml")
        assert "kept.yaml" in change.beside("")


def test_nothing_that_the_repository_brings_is_run(repository: Path, tmp_path: Path) -> None:
    trap, sprung = tmp_path / "trap.sh", tmp_path / "sprung"
    trap.write_text(f'#!/bin/sh\ntouch {sprung}\ncat "$1" 2>/dev/null\n')
    trap.chmod(trap.stat().st_mode | stat.S_IEXEC)
    for key in ("core.fsmonitor", "diff.external", "core.pager", "diff.x.textconv", "core.sshCommand"):
        git(repository, "config", key, str(trap))
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "post-index-change"):
        (hooks / hook).write_text(trap.read_text())
        (hooks / hook).chmod(0o755)
    git(repository, "config", "core.hooksPath", str(hooks))
    subprocess.run(["git", "config", "core.fsmonitor", "false"], cwd=repository, check=True)
    write(repository, ".gitattributes", "*.yaml diff=x\n")
    write(repository, "new.yaml", "n: 1\n")
    commit(repository)
    sprung.unlink(missing_ok=True)
    subprocess.run(["git", "config", "core.fsmonitor", str(trap)], cwd=repository, check=True)
    for head in (None, "change"):
        with open_change(str(repository), "main", head) as change:
            for file in change.files:
                change.read_head(file)
                change.changed_lines(file.path)
            change.find(["n: 1"])
    assert not sprung.exists()


def test_a_shallow_clone_is_explained(repository: Path, tmp_path: Path) -> None:
    write(repository, "new.yaml", "n: 1\n")
    commit(repository)
    git(repository, "checkout", "-q", "main")
    commit(repository)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{repository}", str(clone))
    git(clone, "checkout", "-q", "change")
    with pytest.raises(UsageError, match="--unshallow"):
        open_change(str(clone), "origin/main", None)


@pytest.mark.parametrize(
    ("base", "message"),
    [("mian", "did you mean main"), ("--output=x", "is no revision"), ("nothing/like/it", "git fetch")],
)
def test_unknown_bases_are_explained(repository: Path, base: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_change(str(repository), base, None)
    assert message in str(caught.value)


def test_a_remote_branch_is_proposed(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--branch", "change", str(repository), str(clone))
    with pytest.raises(UsageError, match="--base origin/main"):
        open_change(str(clone), "main", None)


def test_unrelated_histories_no_commits_and_no_repository(repository: Path, tmp_path: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "island")
    commit(repository, "island")
    with pytest.raises(UsageError, match="no common history"):
        open_change(str(repository), "main", None)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UsageError, match="not a git repository"):
        open_change(str(empty), "main", None)
    git(empty, "init", "-q")
    with pytest.raises(UsageError, match="knows no revision"):
        open_change(str(empty), "main", None)


def test_git_may_be_absent(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UsageError, match="not on the PATH"):
        open_change(str(repository), "main", None)


def test_what_a_merge_commit_says(repository: Path) -> None:
    tip = commit(repository, "tip")
    git(repository, "checkout", "-q", "main")
    base = commit(repository, "base")
    git(repository, "merge", "-q", "--no-ff", "-m", "m", "change")
    assert parents(str(repository), "HEAD") == [base, tip]
    assert parents(str(repository), "nothing") == []
    assert knows(str(repository), "main")
    assert not knows(str(repository), "nothing")
    assert not knows(str(repository), "--help")
