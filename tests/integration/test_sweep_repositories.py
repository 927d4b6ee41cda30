"""`sweep --repos`: real clones of real repositories, one tracking issue, and what goes wrong with one of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from github_standin.state import State
from gitops_guard.cli import main
from gitops_guard.errors import SourceError
from gitops_guard.sources.clones import CloneLimits, clone
from gitops_guard.sweeping.state_branch import Remote
from integration.sweeping import POD, TOKEN, commit, git, repository, served


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with served(repository(tmp_path, {})) as found:
        yield found


def other(state: State, name: str, files: dict[str, str | None]) -> Path:
    path = state.path.parents[1] / name
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    commit(path, files)
    return path


def swept(state: State, names: list[str], *arguments: str) -> int:
    listed = state.path.parents[1] / "repositories.txt"
    listed.write_text("# ours\n\n" + "\n".join(names) + "\n")
    return main(
        ["sweep", "--repos", str(listed), "--publish", "--fail-level", "none", "--output", "/dev/null", *arguments]
    )


def body(state: State) -> str:
    (issue,) = state.issues
    return str(issue["body"])


def test_several_repositories_have_one_issue(state: State) -> None:
    first = other(state, "acme/pay", {"a.yaml": POD.format(name="a")})
    other(state, "acme/mail", {"b.yaml": POD.format(name="b"), "c.yaml": POD.format(name="c")})
    assert swept(state, ["acme/pay", "acme/mail", "acme/shop"]) == 0
    rows = [line for line in body(state).split("\n") if line.startswith("| `acme/")]
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| `acme/mail`", "2"],
        ["| `acme/pay`", "1"],
        ["| `acme/shop`", "0"],
    ]
    before = len(state.requests)
    swept(state, ["acme/pay", "acme/mail", "acme/shop"])
    assert [method for method, path in state.requests[before:] if method != "GET" and path != "/graphql"] == []
    commit(first, {"a.yaml": None})
    swept(state, ["acme/pay", "acme/mail", "acme/shop"])
    assert len(json.loads(git(state.path, "show", "gitops-guard/state:repositories.json"))["fixed"]) == 11


def test_one_that_fails_is_said_and_the_rest_goes_on(state: State) -> None:
    pay = other(state, "acme/pay", {"a.yaml": POD.format(name="a")})
    other(state, "acme/mail", {"b.yaml": POD.format(name="b")})
    swept(state, ["acme/pay", "acme/mail"])
    git(pay, "branch", "-m", "elsewhere")
    (pay / ".git" / "HEAD").write_text("ref: refs/heads/nothing\n")
    assert swept(state, ["acme/pay", "acme/gone", "acme/mail"]) == 3
    text = body(state)
    assert "> 2 of 3 repositories could not be swept as a whole" in text
    assert "> - `acme/gone`: cannot be cloned" in text
    # What was known of the one that failed stays; of one that was never seen nothing is known.
    assert "| `acme/pay` | 1 |" in text
    assert "| `acme/gone` | ? |" in text
    assert json.loads(git(state.path, "show", "gitops-guard/state:repositories.json"))["fixed"] == []


def test_a_repository_with_a_broken_configuration_is_said(state: State) -> None:
    other(state, "acme/pay", {".gitops-guard.yaml": "no_such_key: 1\n", "a.yaml": POD.format(name="a")})
    assert swept(state, ["acme/pay"]) == 3
    assert "the scan failed: .gitops-guard.yaml:1" in body(state)


@pytest.mark.parametrize("path", ["", ".", ":lib"])
def test_modules_of_a_swept_repository_are_never_imported(
    state: State, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", path)
    trap = state.path.parents[1] / "trap"
    text = f"open({str(trap)!r}, 'w')\n"
    names = ("gitops_guard/__init__.py", "gitops_guard/__main__.py", "json.py", "yaml.py", "usercustomize.py")
    hostile = {f"{folder}{name}": text for name in names for folder in ("", "lib/")}
    other(state, "acme/pay", {"a.yaml": POD.format(name="a"), **hostile})
    assert swept(state, ["acme/pay"]) == 0
    assert not trap.exists()


@pytest.mark.parametrize(
    "line", ["--upload-pack=touch x", "ext::sh -c id", "git@github.com:a/b", "a/b c/d", "https://u:p@x/y"]
)
def test_what_is_no_repository_is_refused(state: State, line: str) -> None:
    assert swept(state, [line]) == 2
    assert state.requests == []


def test_limits_of_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    (path / "noise").write_bytes(bytes(range(256)) * 8192)
    commit(path, {"a.yaml": "a: 1\n"})
    with pytest.raises(SourceError, match="larger than 1 MiB"):
        clone(f"file://{path}", str(tmp_path / "one"), {"PATH": "/usr/bin:/bin"}, CloneLimits(size=1024 * 1024))
    with pytest.raises(SourceError, match="longer than 0 s"):
        clone(f"file://{path}", str(tmp_path / "two"), {"PATH": "/usr/bin:/bin"}, CloneLimits(seconds=0))


def test_the_token_goes_to_its_server_only_and_into_no_argument() -> None:
    remote = Remote("https://github.example/acme/shop", TOKEN)
    environment = remote.environment({"GITHUB_TOKEN": TOKEN, "PATH": "/bin", "GIT_CONFIG_COUNT": "1"})
    assert environment["GIT_CONFIG_KEY_1"] == "http.https://github.example/acme/shop.extraHeader"
    assert "GITHUB_TOKEN" not in environment
    assert (
        Remote("https://elsewhere.example/x", "")
        .environment({"GITHUB_TOKEN": TOKEN})
        .keys()
        .isdisjoint({"GIT_CONFIG_COUNT", "GITHUB_TOKEN"})
    )


def test_options_of_one_repository_do_not_go_together_with_several(state: State) -> None:
    assert swept(state, ["acme/shop"], "--upload-sarif") == 2
    assert swept(state, ["acme/shop"], "--shard", "1/2") == 2, "a shard publishes nothing"


def test_the_repositories_of_an_organisation_but_archived_ones(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    other(state, "acme/pay", {"a.yaml": POD.format(name="a")})
    names = [("acme/shop", False), ("acme/pay", False), ("acme/old", True)]
    state.organisation = [{"full_name": name, "archived": archived} for name, archived in names]
    assert main(["sweep", "--repos", "acme", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)["repositories"]
    assert [(one["repository"], one["open"]["critical"]) for one in told] == [("acme/pay", 1), ("acme/shop", 0)]


def parts(state: State, names: list[str], total: int) -> list[str]:
    listed = state.path.parents[1] / "list.txt"
    listed.write_text("\n".join(names))
    files = [str(state.path.parents[1] / f"{number}.shard") for number in range(1, total + 1)]
    for number, file in enumerate(files, 1):
        assert main(["sweep", "--repos", str(listed), "--shard", f"{number}/{total}", "--output", file]) == 0
    return files


def test_shards_of_repositories_are_merged_as_if_they_were_swept_at_once(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("pay", "mail", "web"):
        other(state, f"acme/{name}", {"a.yaml": POD.format(name=name)})
    names = ["acme/pay", "acme/mail", "acme/web", "acme/gone"]
    files = parts(state, names, 3)
    capsys.readouterr()
    listed = str(state.path.parents[1] / "list.txt")
    assert main(["sweep", "--repos", listed, "--format", "json"]) == 3
    whole = capsys.readouterr().out
    assert main(["merge", *reversed(files), "--format", "json"]) == 3
    assert capsys.readouterr().out == whole
    assert main(["merge", *files, "--publish", "--output", "/dev/null"]) == 3
    assert "> 1 of 4 repositories could not be swept as a whole" in body(state)
    assert "| `acme/mail` | 1 |" in body(state)


def test_a_missing_or_tampered_shard_of_repositories(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("pay", "mail"):
        other(state, f"acme/{name}", {"a.yaml": POD.format(name=name)})
    files = parts(state, ["acme/pay", "acme/mail"], 2)
    holder = next(file for file in files if '"acme/pay a.yaml"' in Path(file).read_text())
    files.remove(holder)
    assert main(["merge", *files, "--format", "json"]) == 3
    told = {one["repository"]: one for one in json.loads(capsys.readouterr().out)["repositories"]}
    assert "is missing" in told["acme/pay"]["trouble"]
    for old, new in (
        ('"acme/pay a.yaml"', '"acme/mail a.yaml"'),
        ('"GG-POD-001", 4', '"GG-POD-001", "4"'),
        ("]}", "]"),
    ):
        text = Path(holder).read_text()
        Path(f"{holder}.bad").write_text(text.replace(old, new))
        assert main(["merge", f"{holder}.bad"]) == 3
        assert "no shard of this version" in capsys.readouterr().err
