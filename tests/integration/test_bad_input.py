"""Hostile and broken input: a message or a finding with file and line, never a traceback, never a pass, and the rest is
still scanned."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

GOOD = """apiVersion: v1
kind: Pod
metadata:
  name: good
spec:
  containers:
    - name: web
      image: nginx:1.27.0
      securityContext:
        privileged: true
"""
MANIFEST = b"apiVersion: v1\nkind: Pod\n"
ALIAS_BOMB = "apiVersion: v1\nkind: Pod\na: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
UNREADABLE = {
    "binary": b"apiVersion: v1\nkind: Pod\x00\xff",
    "utf16": "apiVersion: v1\nkind: Pod\n".encode("utf-16"),
    "latin1": b"apiVersion: v1\nkind: Pod\nname: caf\xe9\n",
    "broken": b"apiVersion: v1\nkind: Pod\nmetadata: [\n",
    "tabs": b"apiVersion: v1\nkind: Pod\nmetadata:\n\tname: x\n",
    "deep": MANIFEST + b"a: " + b"[" * 100_000,
    "deep-blocks": MANIFEST + b"".join(b" " * n + b"a:\n" for n in range(1000)),
    "alias-bomb": ALIAS_BOMB.encode(),
    "cycle": MANIFEST + b"a: &a {b: *a}\n",
    "unknown-alias": MANIFEST + b"a: *b\n",
    "directives": b"".join(b"%%TAG !e%d! tag:x,%d:\n" % (n, n) for n in range(20_000)) + b"---\n" + MANIFEST,
    "lone-cr": b"apiVersion: v1\rkind: Pod\n",
    "huge": MANIFEST + b"# " + b"x" * (21 * 1024 * 1024),
    "template": b'apiVersion: v1\nkind: Pod\nmetadata:\n  {{ include "x" . }}\n  name: x\n',
}
HARMLESS = {
    "empty": b"",
    "comment": b"# nothing\n",
    "scalar": b"just text about apiVersion and kind\n",
    "null": b"---\n---\n",
    "crlf": GOOD.replace("\n", "\r\n").encode(),
    "bom": b"\xef\xbb\xbf" + GOOD.encode(),
    "custom": b"apiVersion: example.org/v1\nkind: Thing\nspec: {a: 1}\n",
    "odd": b"apiVersion: v1\nkind: Pod\nmetadata: 3\nspec: []\n",
    "odder": b"apiVersion: [v1]\nkind: {a: b}\n",
    "null-containers": b"apiVersion: v1\nkind: Pod\nspec:\n  containers: [null, 3, x]\n  volumes: {}\n",
    "list": b"apiVersion: v1\nkind: List\nitems: [null, 3, {kind: Pod}]\n",
}


def check(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gitops_guard", "check", "--format", "json", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_said_and_the_rest_is_scanned(tmp_path: Path, name: str) -> None:
    (tmp_path / "bad.yaml").write_bytes(UNREADABLE[name])
    (tmp_path / "good.yaml").write_text(GOOD)
    start = time.monotonic()
    done = check(tmp_path)
    assert time.monotonic() - start < 10
    assert done.stderr == ""
    assert done.returncode == 1
    report = json.loads(done.stdout)
    coverage = report["coverage"]
    assert coverage["scanned"] == ["good.yaml"]
    (entry,) = coverage["skipped"] + coverage["failed"]
    assert entry["path"] == "bad.yaml"
    assert entry["reason"]
    assert any(f["rule_id"] == "GG-POD-001" and f["path"] == "good.yaml" for f in report["findings"])
    for finding in report["findings"]:
        assert finding["start_line"] >= 1
    if coverage["failed"]:
        assert any(f["rule_id"] == "GG-GIT-006" and f["path"] == "bad.yaml" for f in report["findings"])


@pytest.mark.parametrize("name", HARMLESS)
def test_odd_but_readable_input_is_no_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "odd.yaml").write_bytes(HARMLESS[name])
    done = check(tmp_path, "--fail-level", "none")
    assert done.stderr == ""
    assert done.returncode == 0
    coverage = json.loads(done.stdout)["coverage"]
    assert coverage["scanned"] == ["odd.yaml"] or [entry["path"] for entry in coverage["skipped"]] == ["odd.yaml"]


def test_crlf_and_byte_order_mark_keep_their_places(tmp_path: Path) -> None:
    for name in ("crlf", "bom"):
        (tmp_path / f"{name}.yaml").write_bytes(HARMLESS[name])
    found = json.loads(check(tmp_path, "--fail-level", "none").stdout)["findings"]
    places = {(f["path"], f["start_line"], f["start_column"]) for f in found if f["rule_id"] == "GG-POD-001"}
    assert places == {("crlf.yaml", 10, 21), ("bom.yaml", 10, 21)}


def test_a_file_that_nothing_is_wrong_with_but_its_reading_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_bytes(UNREADABLE["broken"])
    assert check(tmp_path).returncode == 3


def test_one_broken_document_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "many.yaml").write_text(f"{GOOD}---\nfoo: [\n---\n{GOOD.replace('good', 'better')}")
    report = json.loads(check(tmp_path, "--fail-level", "none").stdout)
    names = {f["resource"]["name"] for f in report["findings"] if f["rule_id"] == "GG-POD-001"}
    assert names == {"good", "better"}
    (problem,) = (f for f in report["findings"] if f["rule_id"] == "GG-GIT-006")
    assert problem["start_line"] in {12, 13}


@pytest.mark.parametrize(
    "name", [b"new\nline.yaml", b"quo'te\".yaml", b"caf\xe9.yaml", b"-oops.yaml", b"$(touch x).yaml", b"\x1b[31m.yaml"]
)
def test_odd_file_names(tmp_path: Path, name: bytes) -> None:
    (tmp_path / os.fsdecode(name)).write_text(GOOD)
    for form in ("json", "console", "sarif", "junit", "markdown", "html"):
        command = [sys.executable, "-m", "gitops_guard", "check", "--format", form, "--fail-level", "none"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == b""
        assert b"\x1b[31m" not in done.stdout
        done.stdout.decode()
    assert [os.fsencode(path.name) for path in tmp_path.iterdir()] == [name]


def test_links_are_not_followed_out_of_the_tree(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text(GOOD)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file.yaml").symlink_to(outside / "secret.yaml")
    (tree / "folder").symlink_to(outside)
    (tree / "loop").symlink_to(tree)
    (tree / "dangling.yaml").symlink_to(tree / "nothing")
    report = json.loads(check(tree, "--fail-level", "none").stdout)
    assert report["findings"] == []
    assert report["coverage"]["scanned"] == []
    assert {entry["path"] for entry in report["coverage"]["skipped"]} >= {"file.yaml", "dangling.yaml"}


def test_devices_and_pipes_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    report = json.loads(check(tmp_path).stdout)
    assert report["coverage"]["skipped"] == [{"path": "pipe.yaml", "reason": "not a regular file"}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.yaml",), "no such file"),
        (("--config", "nowhere.yaml"), "no such file"),
        (("--head", "x"), "--head needs --base"),
        (("--base", "main"), "not a git repository"),
        (("--report", "pdf=x"), "expected FORMAT=FILE"),
        (("--rule", "GG-POD-01"), "did you mean"),
        (("--output", "no/such/folder/x"), "cannot write"),
    ],
)
def test_mistakes_on_the_command_line_are_explained(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = check(tmp_path, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
