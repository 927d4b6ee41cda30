"""Fixtures of the stand-in: `pytest_plugins = ["github_standin.fixtures"]`, or import `github` and `shop`."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .server import StandIn, running
from .state import PullRequest, State

TOKEN = "ghs_invented0workflow0token"
READ_ONLY = "ghs_invented0fork0token"
PERSONAL = "ghp_invented0personal0token"


class Shop:
    """A git repository with the branches `main` and `change`, and the pull request 7 between them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Test")
        self.git("config", "user.email", "test@example.org")

    def git(self, *arguments: str) -> str:
        """What git prints."""
        command = ["git", "-C", str(self.path), "-c", "commit.gpgsign=false", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, files: dict[str, str | None], message: str = "Change") -> str:
        """Writes these files (None deletes) into a commit of the current branch; returns its name."""
        for name, text in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                target.unlink()
            else:
                target.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")


def numbered(count: int, **changed: str) -> str:
    """A text of so many lines `line N`; `l5="new"` replaces the fifth."""
    return "".join(changed.get(f"l{line}", f"line {line}") + "\n" for line in range(1, count + 1))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """`app.yaml` has 60 lines of which 10 and 40 change: hunks 7-13 and 37-43. `old.yaml` stays as it is."""
    shop = Shop(tmp_path / "shop")
    shop.commit({"app.yaml": numbered(60), "old.yaml": numbered(5)})
    shop.git("switch", "--quiet", "--create", "change")
    shop.commit({"app.yaml": numbered(60, l10="ten", l40="forty"), "new.yaml": "a: 1\n"})
    return shop


@pytest.fixture
def github(shop: Shop) -> Iterator[StandIn]:
    """A stand-in with three tokens over `shop`. What violated GitHub's description fails the test."""
    state = State(shop.path)
    state.add_token(TOKEN)
    state.add_token(READ_ONLY, contents="read", pull_requests="read", issues="read")
    state.add_token(PERSONAL, "octocat")
    state.pulls[7] = PullRequest(7, "main", "change")
    with running(state) as standin:
        yield standin
    assert state.violations == []
