import builtins
from pathlib import Path

import pytest

from gitops_guard.errors import UsageError
from gitops_guard.source_file import Skipped, SourceFile, decode
from gitops_guard.sources.tree import HELM_TEMPLATE, count, is_candidate, is_helm_template, walk


def test_finds_candidates_once_and_in_order(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/Dockerfile", "a/c.yml", "a/d.json", "a/readme.md", "e.txt", "a/package-lock.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = [item.path for item in walk(("a", "b.yaml", "."), str(tmp_path))]
    assert found == ["a/Dockerfile", "a/c.yml", "a/d.json", "b.yaml"]


def test_says_which_folders_it_leaves_out(tmp_path: Path) -> None:
    for folder in (".git", "node_modules", "vendor"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.yaml").write_text("x")
    assert [item.path for item in walk((), str(tmp_path))] == ["node_modules/", "vendor/"]


def test_helm_templates_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "chart" / "templates" / "sub").mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text("name: x\n")
    (tmp_path / "chart" / "templates" / "sub" / "x.yaml").write_text("{{ x }}")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "plain.yaml").write_text("a: 1\n")
    found = {item.path: item for item in walk((), str(tmp_path))}
    assert found["chart/templates/sub/x.yaml"] == Skipped("chart/templates/sub/x.yaml", HELM_TEMPLATE)
    assert isinstance(found["templates/plain.yaml"], SourceFile)
    assert is_helm_template("chart/templates/x.yaml", {"chart"})
    assert not is_helm_template("templates/x.yaml", {"chart"})


def test_a_path_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="no such file"):
        list(walk(("nowhere",), "/"))


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.yaml").write_text("x")
    real = builtins.open

    def refuse(path: object, *arguments: object, **keywords: object) -> object:
        if str(path).endswith("x.yaml"):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **keywords)  # type: ignore[call-overload]

    monkeypatch.setattr(builtins, "open", refuse)
    assert list(walk((), str(tmp_path))) == [Skipped("x.yaml", "cannot be read: Permission denied")]


@pytest.mark.parametrize("name", ["a.yaml", "A.YML", "x.json", "Dockerfile", "Containerfile.dev", "api.Dockerfile"])
def test_candidates(name: str) -> None:
    assert is_candidate(name)


@pytest.mark.parametrize("name", ["a.yam", "yaml", "package-lock.json", "readme.md", "Makefile"])
def test_no_candidates(name: str) -> None:
    assert not is_candidate(name)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xff\xfea\x00", "UTF-16"),
        (b"a\x00b", "NUL"),
        (b"line\nca\xe9", "line 2"),
        (b"x" * (20 * 1024 * 1024 + 1), "20 MiB"),
    ],
)
def test_what_is_not_utf8_is_a_reason(raw: bytes, reason: str) -> None:
    found = decode("x", raw)
    assert isinstance(found, Skipped)
    assert reason in found.reason


def test_a_byte_order_mark_is_put_back() -> None:
    found = decode("x", b"\xef\xbb\xbfa: 1\n")
    assert isinstance(found, SourceFile)
    assert found.text == "a: 1\n"
    assert found.encode("b: 2\n") == b"\xef\xbb\xbfb: 2\n"


def test_counts_without_reading(tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    for name in ("a.yaml", "b.txt", "Dockerfile", "node_modules/c.yaml"):
        (tmp_path / name).write_text("x")
    assert count((), str(tmp_path)) == 2
