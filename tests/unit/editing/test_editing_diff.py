"""Diffs, as the real `git apply` takes them."""

import subprocess
from pathlib import Path

import pytest

from gitops_guard.editing.diff import unified_diff

LINES = "".join(f"line {number}\n" for number in range(40))

CHANGES = {
    "one line": (LINES, LINES.replace("line 7\n", "line seven\n")),
    "two hunks": (LINES, LINES.replace("line 7\n", "").replace("line 30\n", "line 30\nmore\n")),
    "near changes": (LINES, LINES.replace("line 7\n", "").replace("line 12\n", "x\n")),
    "the first and the last line": (LINES, "new\n" + LINES + "last\n"),
    "no final line end before": ("a\nb", "a\nb\nc\n"),
    "no final line end after": ("a\nb\n", "a\nc"),
    "no final line end at all": ("a\nb", "a\nb\nc"),
    "only the final line end": ("a", "a\n"),
    "carriage returns": ("a\r\nb\r\n", "a\r\nc\r\n"),
    "other line breaks": ("a\u2028b\x0cc\n", "a\u2028b\x0cd\n"),
    "everything": ("a\n", "b\n"),
    "to nothing": ("a\n", ""),
    "from nothing": ("", "a\n"),
    "byte order mark": ("\ufeffa\nb\n", "\ufeffa\nc\n"),
    "more than is compared": ("a\n" * 5000 + "b\n", "c\n" * 5000 + "b\n"),
}
NAMES = (
    "a.yaml",
    "with space.yaml",
    "dir/ü.yaml",
    'quo"te.yaml',
    "back\\slash",
    "tab\t.yaml",
    "line\nbreak",
    "raw\udcff.yaml",
)


def git_apply(folder: Path, patch: str) -> None:
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    done = subprocess.run(
        ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"],
        cwd=folder,
        input=patch.encode(errors="surrogateescape"),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", CHANGES)
def test_git_applies_the_change(name: str, tmp_path: Path) -> None:
    before, after = CHANGES[name]
    (tmp_path / "x.yaml").write_bytes(before.encode())
    git_apply(tmp_path, unified_diff("x.yaml", before, after))
    assert (tmp_path / "x.yaml").read_bytes() == after.encode()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("before", ["a\n", None])
def test_git_finds_the_file(name: str, before: str | None, tmp_path: Path) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    if before is not None:
        file.write_text(before, newline="")
    git_apply(tmp_path, unified_diff(name, before, "b\n"))
    assert file.read_text() == "b\n"


def test_git_creates_an_empty_file(tmp_path: Path) -> None:
    git_apply(tmp_path, unified_diff("x", None, ""))
    assert (tmp_path / "x").read_bytes() == b""


def test_no_change_is_no_diff() -> None:
    assert unified_diff("x", "a", "a") == ""


def test_the_diff_as_git_writes_it() -> None:
    assert unified_diff("d/x", "a\nb\nc\nd\ne\n", "a\nb\nc\nd\nE") == (
        "diff --git a/d/x b/d/x\n--- a/d/x\n+++ b/d/x\n"
        "@@ -2,4 +2,4 @@\n b\n c\n d\n-e\n+E\n\\ No newline at end of file\n"
    )
