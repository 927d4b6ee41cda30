"""The main job on a small repository: builds it with git, reviews its pull request, and writes the reports.

python examples/demo.py [FOLDER]      by default ./demo
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
REPORTS = ("html", "json", "sarif")


def git(repository: Path, *arguments: str) -> str:
    """Runs git in the demonstration repository, without the user's configuration."""
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=demo", "-c", "user.email=demo@example.org", "-c", "commit.gpgsign=false")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=repository, env=environment, check=True, capture_output=True, text=True).stdout


def build(folder: Path) -> Path:
    """A repository with a branch `main` and a branch `change` on top of it, checked out."""
    repository = folder / "repository"
    shutil.rmtree(repository, ignore_errors=True)
    shutil.copytree(HERE / "repository", repository)
    git(repository, "init", "-q", "-b", "main")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "The shop")
    git(repository, "checkout", "-qb", "change")
    shutil.copytree(HERE / "pull-request", repository, dirs_exist_ok=True)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Add a database, take payments")
    return repository


def event(folder: Path, repository: Path) -> dict[str, str]:
    """The environment that GitHub gives the action for this pull request."""
    base, head = git(repository, "rev-parse", "main").strip(), git(repository, "rev-parse", "change").strip()
    payload = {
        "action": "opened",
        "number": 1,
        "pull_request": {
            "number": 1,
            "base": {"ref": "main", "sha": base, "repo": {"full_name": "acme/shop"}},
            "head": {"ref": "change", "sha": head, "repo": {"full_name": "acme/shop"}},
        },
        "repository": {"full_name": "acme/shop"},
    }
    file = folder / "event.json"
    file.write_text(json.dumps(payload))
    return {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_SHA": head,
        "GITHUB_REF": "refs/pull/1/merge",
        "GITHUB_WORKSPACE": str(repository),
    }


def main() -> int:
    """Reviews the example's pull request; 0 if that worked, whatever it found."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo").absolute()
    folder.mkdir(exist_ok=True)
    repository = build(folder)
    environment = os.environ | event(folder, repository)
    tool = [sys.executable, "-m", "gitops_guard"]
    reports = [f"--report={name}={folder / ('report.' + name)}" for name in REPORTS]
    review = subprocess.run([*tool, "pr", "--dry-run", *reports], cwd=repository, env=environment, check=False)
    print("\n---- on a terminal: gitops-guard check --base main ----\n", flush=True)
    check = subprocess.run([*tool, "check", "--base", "main"], cwd=repository, check=False)
    print(f"\nWritten: {', '.join(str(folder / ('report.' + name)) for name in REPORTS)}")
    return 0 if {review.returncode, check.returncode} <= {0, 1} else 1


if __name__ == "__main__":
    sys.exit(main())
