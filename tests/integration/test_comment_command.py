"""Commands in comments against the stand-in: who may, on which head, what is committed, and how it is answered."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from github_standin.git_server import serving
from github_standin.server import running
from github_standin.state import Fault, PullRequest, State
from gitops_guard.cli import main
from gitops_guard.github.repository import Repository
from gitops_guard.github.transport import Transport

TOKEN = "ghs_invented0workflow0token"
BOT = "github-actions[bot]"
POD = """apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
spec:
  containers:
    - name: web
      image: nginx:1.27.0
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


def git(repository: Path, *arguments: str, at: int | None = None) -> str:
    identity = ("-c", "user.name=octocat", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    dates = {} if at is None else {"GIT_COMMITTER_DATE": f"{at} +0000", "GIT_AUTHOR_DATE": f"{at} +0000"}
    return subprocess.run(
        ["git", *identity, *arguments], cwd=repository, check=True, capture_output=True, text=True,
        env={**os.environ, **dates},
    ).stdout.strip()  # fmt: skip


def commit(repository: Path, at: int | None = None, **files: str) -> str:
    for name, text in files.items():
        (repository / f"{name}.yaml").write_text(text)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "work", at=at)
    return git(repository, "rev-parse", "HEAD")


class World:
    """A pull request 7 from `change`, whose `new.yaml` runs privileged, and comments on it."""

    def __init__(self, folder: Path, url: str, state: State) -> None:
        self.folder = folder
        self.url = url
        self.state = state

    def say(self, body: str, **values: object) -> int:
        """Writes a comment, runs the command, gives the exit code."""
        author = str(values.get("author", "octocat"))
        comment = {"id": self.state.new_id(), "pull": 7, "author": author, "body": body}
        self.state.issue_comments.append(comment)
        return self.run(comment, **values)

    def event(self, comment: dict[str, object], **values: object) -> Path:
        """The event file of a comment that exists."""
        when = values.get("at", datetime.now(UTC).isoformat().replace("+00:00", "Z"))
        login = comment["author"]
        kind = "Bot" if str(login).endswith("[bot]") else "User"
        issue: dict[str, object] = {"number": 7, "state": values.get("issue_state", "open")}
        issue |= {"pull_request": {"url": "x"}} if values.get("is_pull", True) else {}
        payload = {
            "action": values.get("action", "created"),
            "issue": issue,
            "comment": {"id": comment["id"], "body": comment["body"], "created_at": when,
                        "author_association": "OWNER", "user": {"login": login, "type": kind}},
            "repository": {"full_name": "acme/shop"},
        }  # fmt: skip
        file = self.folder / "event.json"
        file.write_text(json.dumps(payload))
        return file

    def run(self, comment: dict[str, object], **values: object) -> int:
        """Runs the command for a comment that exists."""
        file = self.event(comment, **values)
        with pytest.MonkeyPatch.context() as patch:
            given = {"GITHUB_API_URL": self.url, "GITHUB_TOKEN": TOKEN, "GITHUB_EVENT_NAME": "issue_comment",
                     "GITHUB_EVENT_PATH": str(file), "GITHUB_REPOSITORY": "acme/shop",
                     "GITHUB_SERVER_URL": str(values.get("server", "https://127.0.0.1:9")),
                     "GITHUB_WORKSPACE": str(values.get("workspace", self.state.path))}  # fmt: skip
            for name, value in given.items():
                patch.setenv(name, value)
            patch.chdir(str(values.get("workspace", self.state.path)))
            patch.setattr("gitops_guard.github.transport.time.sleep", lambda _: None)
            return main(["comment", "--offline", *map(str, values.get("paths", ()))])  # type: ignore[call-overload]

    @property
    def replies(self) -> list[str]:
        """What was answered."""
        found = (str(comment["body"]) for comment in self.state.issue_comments if comment["author"] == BOT)
        return [body for body in found if body.startswith("<!-- gitops-guard:reply=")]

    @property
    def reactions(self) -> list[str]:
        """The reactions, in order."""
        return [reaction["content"] for reaction in self.state.reactions]

    def head(self, name: str, branch: str = "change") -> str:
        """A file of a branch."""
        return git(self.state.path, "show", f"{branch}:{name}")

    def writes(self) -> list[tuple[str, str]]:
        """The requests that changed something."""
        return [(verb, path) for verb, path in self.state.requests if verb != "GET" and path != "/graphql"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "-q", "-b", "main")
    commit(repository, at=1_750_000_000, old=POD.format(name="old"))
    git(repository, "checkout", "-qb", "change")
    commit(repository, at=1_750_000_100, new=POD.format(name="new"))
    git(repository, "checkout", "-q", "main")
    state = State(repository, "acme/shop")
    state.add_token(TOKEN, BOT, contents="write", pull_requests="write", issues="write")
    state.pulls[7] = PullRequest(7, "main", "change")
    state.permissions |= {"octocat": "write"}
    with running(state) as standin:
        yield World(tmp_path, standin.url, state)
    assert state.violations == []


def test_fix_commits_the_safe_fixes_and_answers(world: World) -> None:
    before = git(world.state.path, "rev-parse", "change")
    assert world.say("Nice.\r\n/gitops-guard fix") == 0
    text = world.head("new.yaml")
    assert "          mountPath: /tls\n          readOnly: true\n" in text
    assert "privileged: true" in text
    assert git(world.state.path, "rev-parse", "change^") == before
    assert git(world.state.path, "diff", "--name-only", "change^", "change") == "new.yaml"
    assert world.reactions == ["eyes", "+1"]
    (reply,) = world.replies
    assert git(world.state.path, "rev-parse", "change") in reply
    assert world.head("old.yaml", "main") == POD.format(name="old").strip()


def test_fix_all_and_fix_of_one_rule(world: World) -> None:
    world.say("/gitops-guard fix GG-POD-001")
    text = world.head("new.yaml")
    assert "privileged: false" in text
    assert "readOnly" not in text
    world.say("/gitops-guard fix all")
    assert "readOnly: true" in world.head("new.yaml")
    assert "allowPrivilegeEscalation: false" in world.head("new.yaml")
    world.say("/gitops-guard fix all")
    assert "Nothing to fix" in world.replies[-1]
    assert world.reactions[-1] == "+1"
    assert git(world.state.path, "rev-list", "--count", "main..change") == "3"


def test_paths_leave_out_the_rest(world: World) -> None:
    world.say("/gitops-guard fix", paths=("apps",))
    assert "Nothing to fix" in world.replies[0]
    world.say("/gitops-guard fix", paths=("new.yaml",))
    assert "Committed" in world.replies[1]


@pytest.mark.parametrize("role", ["read", "triage", "none"])
def test_only_who_may_write_is_obeyed(world: World, role: str) -> None:
    world.state.permissions["octocat"] = role
    before = git(world.state.path, "rev-parse", "change")
    assert world.say("/gitops-guard fix") == 0
    assert git(world.state.path, "rev-parse", "change") == before
    assert "write permission" in world.replies[0]
    assert world.reactions == ["confused"]


@pytest.mark.parametrize("role", ["write", "maintain", "admin"])
def test_these_roles_may(world: World, role: str) -> None:
    world.state.permissions["octocat"] = role
    world.say("/gitops-guard explain GG-POD-001")
    assert "GG-POD-001" in world.replies[0]
    assert "## Example" not in world.replies[0]


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("/gitops-guard fix", {"action": "edited"}),
        ("/gitops-guard fix", {"action": "deleted"}),
        ("/gitops-guard fix", {"is_pull": False}),
        ("/gitops-guard fix", {"author": BOT}),
        ("/gitops-guard fix", {"author": "renovate[bot]"}),
        ("<!-- gitops-guard:summary -->\n/gitops-guard fix", {}),
        ("I like it.", {}),
        ("please /gitops-guard fix", {}),
        ("", {}),
    ],
)
def test_what_is_no_command_costs_no_request(world: World, body: str, values: dict[str, object]) -> None:
    assert world.say(body, **values) == 0
    assert world.state.requests == []


def test_a_closed_pull_request_is_left_alone(world: World) -> None:
    world.state.detail(7)["state"] = "closed"
    world.say("/gitops-guard fix")
    assert "not open" in world.replies[0]
    assert git(world.state.path, "rev-list", "--count", "main..change") == "1"


def test_a_head_that_is_newer_than_the_comment_is_not_touched(world: World) -> None:
    assert world.say("/gitops-guard fix", at="2025-06-15T15:00:00Z") == 0
    assert "pushed after this comment" in world.replies[0]
    assert git(world.state.path, "rev-list", "--count", "main..change") == "1"
    assert world.reactions == ["eyes", "confused"]


def test_a_push_while_it_works_is_not_overwritten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Repository.pull
    calls: list[int] = []

    def pull(self: Repository, number: int) -> object:
        found = honest(self, number)
        calls.append(number)
        if len(calls) == 2:
            pushed()
        return found

    def pushed() -> None:
        tree = git(world.state.path, "rev-parse", "change^{tree}")
        made = git(world.state.path, "commit-tree", tree, "-p", "change", "-m", "a newer push")
        git(world.state.path, "update-ref", "refs/heads/change", made)

    monkeypatch.setattr(Repository, "pull", pull)
    world.say("/gitops-guard fix")
    assert "newer push" in world.replies[0]
    assert git(world.state.path, "log", "-1", "--format=%s", "change") == "a newer push"


def test_a_fork_gets_the_patch_which_applies(world: World) -> None:
    world.state.pulls[7] = world.state.pulls[7]._replace(head_repository="mallory/shop")
    world.say("/gitops-guard fix all")
    (reply,) = world.replies
    assert "another repository" in reply
    assert ("POST", "/graphql#createCommitOnBranch") not in world.state.requests
    patch = reply.partition("```diff\n")[2].partition("\n```\n")[0] + "\n"
    git(world.state.path, "checkout", "-q", "change")
    subprocess.run(["git", "apply", "-"], cwd=world.state.path, check=True, input=patch, text=True)
    assert "privileged: false" in (world.state.path / "new.yaml").read_text()


def test_a_patch_never_shows_a_secret(world: World) -> None:
    secret = "    - name: db\n      image: nginx:1.27.0\n      env:\n        - name: DB_PASSWORD\n"
    secret += "          value: hunter2-Very-Secret-9x\n"
    git(world.state.path, "checkout", "-q", "change")
    commit(
        world.state.path, at=1_750_000_200, new=POD.format(name="new").replace("  volumes:\n", secret + "  volumes:\n")
    )
    git(world.state.path, "checkout", "-q", "main")
    world.state.pulls[7] = world.state.pulls[7]._replace(head_repository="mallory/shop")
    world.say("/gitops-guard fix all")
    assert "hunter2" not in world.replies[0]
    assert "would show a secret" in world.replies[0]
    world.state.pulls[7] = world.state.pulls[7]._replace(head_repository=None)
    world.say("/gitops-guard fix all")
    assert "hunter2" in world.head("new.yaml")
    assert "hunter2" not in world.replies[1]


def test_the_action_obeys_a_comment(world: World, tmp_path: Path) -> None:
    comment = {"id": world.state.new_id(), "pull": 7, "author": "octocat", "body": "/gitops-guard fix"}
    world.state.issue_comments.append(comment)
    outputs = tmp_path / "outputs"
    outputs.touch()
    given = {"GITHUB_ACTIONS": "true", "GITHUB_API_URL": world.url, "GITHUB_EVENT_NAME": "issue_comment",
             "GITHUB_EVENT_PATH": str(world.event(comment)), "GITHUB_REPOSITORY": "acme/shop",
             "GITHUB_WORKSPACE": str(world.state.path), "GITHUB_OUTPUT": str(outputs), "INPUT_OFFLINE": "true",
             "INPUT_GITHUB-TOKEN": TOKEN, "PATH": os.environ["PATH"], "HOME": str(tmp_path)}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-P", "-m", "gitops_guard.action"], cwd=world.state.path, env=given, check=False,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "readOnly: true" in world.head("new.yaml")
    assert "Committed" in world.replies[0]
    assert (done.stdout + done.stderr).replace(f"::add-mask::{TOKEN}", "").count(TOKEN) == 0
    delimiter, value, *_ = outputs.read_text().partition("verdict<<")[2].split("\n")
    assert value == ""
    assert len(delimiter) == 32


def test_what_a_shallow_checkout_of_the_default_branch_lacks_is_fetched(world: World, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{world.state.path}", str(clone))
    files = sorted(path.name for path in clone.iterdir())
    until = f"{datetime.now(UTC).year}-12-31"
    commit(world.state.path, moved="a: 1\n")
    with serving(world.state.path, "acme/shop", TOKEN) as server:
        world.say("/gitops-guard fix", workspace=clone, server=server.url)
        world.say(f"/gitops-guard waive GG-POD-001 until {until} because so", workspace=clone, server=server.url)
        assert server.refused == 0
    assert "readOnly: true" in world.head("new.yaml")
    assert "Opened #8" in world.replies[1]
    assert sorted(path.name for path in clone.iterdir()) == files
    assert TOKEN not in (clone / ".git/config").read_text()


def test_files_with_a_mode_are_left_out_and_named(world: World) -> None:
    git(world.state.path, "checkout", "-q", "change")
    (world.state.path / "new.yaml").chmod(0o755)
    git(world.state.path, "update-index", "--chmod=+x", "new.yaml")
    git(world.state.path, "commit", "-qm", "mode", at=1_750_000_300)
    git(world.state.path, "checkout", "-q", "main")
    world.say("/gitops-guard fix")
    assert "executable" in world.replies[0]
    assert git(world.state.path, "rev-list", "--count", "main..change") == "2"


def test_line_ends_and_the_byte_order_mark_stay(world: World) -> None:
    git(world.state.path, "checkout", "-q", "change")
    raw = b"\xef\xbb\xbf" + POD.format(name="new").replace("\n", "\r\n").encode()
    (world.state.path / "new.yaml").write_bytes(raw)
    git(world.state.path, "commit", "-qam", "crlf", at=1_750_000_300)
    git(world.state.path, "checkout", "-q", "main")
    world.say("/gitops-guard fix GG-POD-001")
    found = subprocess.run(
        ["git", "show", "change:new.yaml"], cwd=world.state.path, check=True, capture_output=True
    ).stdout  # fmt: skip
    assert found == raw.replace(b"privileged: true", b"privileged: false")


def test_recheck_reviews_again(world: World) -> None:
    assert world.say("/gitops-guard recheck") == 0
    assert world.state.review_comments
    assert "again: there are findings" in world.replies[0]


def test_waive_opens_a_pull_request_on_the_default_branch(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = git(world.state.path, "rev-parse", "change", "main")
    year = datetime.now(UTC).year
    until = f"{year}-12-31"
    reason = "@acme/all says <!-- gitops-guard:fix= --> [x](http://e.org) `\"': # \\"
    world.say(f"/gitops-guard waive privileged-container until {until} because {reason}")
    (number,) = set(world.state.pulls) - {7}
    pull, detail = world.state.pulls[number], world.state.detail(number)
    assert pull.base == "main"
    text = world.head(".gitops-guard.yaml", pull.head)
    assert "rule: GG-POD-001" in text
    assert "new.yaml" in text
    assert f"#{number}" in world.replies[0]
    assert "@acme" not in detail["body"]
    assert "<!--" not in detail["body"]
    assert "://e.org" not in detail["body"]
    assert "acme" not in git(world.state.path, "log", "-1", "--format=%B", pull.head)
    assert git(world.state.path, "rev-parse", "change", "main") == before
    git(world.state.path, "checkout", "-q", "change")
    git(world.state.path, "merge", "-q", "--no-edit", pull.head)
    monkeypatch.chdir(world.state.path)
    capsys.readouterr()
    main(["check", "new.yaml", "--rule", "GG-POD-001", "--format", "json"])
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["status"] == "waived"


def test_recheck_speaks_in_the_place_of_the_job_that_reviews(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_JOB", "review")
    world.say("/gitops-guard recheck")
    before = (len(world.state.review_comments), len(world.state.issue_comments))
    monkeypatch.setenv("GITHUB_JOB", "obey")
    world.say("/gitops-guard recheck")
    assert (len(world.state.review_comments), len(world.state.issue_comments)) == (before[0], before[1] + 2)
    summary = next(comment for comment in world.state.issue_comments if "gitops-guard:summary" in comment["body"])
    first = "<!-- gitops-guard:summary instance=00000000 -->\nAnother job's."
    world.state.issue_comments.append({**summary, "id": world.state.new_id(), "body": first})
    world.say("/gitops-guard recheck")
    assert "2 jobs review this pull request" in world.replies[-1]


def test_recheck_finds_the_job_by_its_check_run(world: World) -> None:
    world.state.add_token(TOKEN, BOT, contents="write", pull_requests="write", issues="write", checks="write")
    run: dict[str, Any] = {
        "name": "gitops-guard",
        "head_sha": git(world.state.path, "rev-parse", "change"),
        "status": "completed",
    }
    run |= {"id": 5, "external_id": "gitops-guard:0123abcd", "conclusion": "success", "output": {}, "annotations": []}
    world.state.check_runs.append(run)
    world.say("/gitops-guard recheck")
    (summary,) = (c["body"] for c in world.state.issue_comments if "gitops-guard:summary" in c["body"])
    assert "instance=0123abcd" in summary


def test_recheck_of_a_fork_posts_as_the_base_may(world: World) -> None:
    world.state.pulls[7] = world.state.pulls[7]._replace(head_repository="mallory/shop")
    assert world.say("/gitops-guard recheck") == 0
    assert world.state.review_comments
    assert "again: there are findings" in world.replies[0]


def test_a_reaction_that_is_refused_stops_nothing(world: World) -> None:
    world.state.faults = [Fault("POST", "/reactions", status=403, message="Forbidden", times=2)]
    assert world.say("/gitops-guard fix") == 0
    assert "Committed" in world.replies[0]


def test_a_person_whose_token_it_is_may_command_too(world: World) -> None:
    world.state.add_token(TOKEN, "octocat", contents="write", pull_requests="write", issues="write")
    world.say("/gitops-guard fix")
    assert "readOnly: true" in world.head("new.yaml")


def test_waive_keeps_what_is_in_the_configuration(world: World) -> None:
    (world.state.path / ".gitops-guard.yaml").write_text("# ours\nfail_level: high  # since 2024\n")
    git(world.state.path, "add", "-A")
    git(world.state.path, "commit", "-qm", "configuration")
    until = f"{datetime.now(UTC).year}-12-31"
    world.say(f"/gitops-guard waive GG-POD-001 in apps/ until {until} because the agent")
    (number,) = set(world.state.pulls) - {7}
    text = world.head(".gitops-guard.yaml", world.state.pulls[number].head)
    assert text.startswith("# ours\nfail_level: high  # since 2024\nwaivers:\n")
    assert text.count("rule:") == 1


@pytest.mark.parametrize(
    "command",
    [
        "waive GG-POD-001 in apps/ until 9999-12-31 because so",
        "waive GG-POD-001 in apps/ until 2020-01-01 because so",
        "waive GG-NONE-999 in apps/ until 2027-01-31 because so",
        "waive GG-DKR-001 until {next} because so",
        "waive GG-POD-001 in ../../etc until 2027-01-31 because so",
        "explain GG-NONE-999",
        "fix GG-NONE-999",
        "fix $(reboot)",
        "nonsense",
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(world: World, command: str) -> None:
    assert world.say("/gitops-guard " + command.format(next=f"{datetime.now(UTC).year}-12-31")) == 0
    assert len(world.replies) == 1
    assert world.reactions == ["eyes", "confused"]
    assert set(world.state.pulls) == {7}
    assert [verb for verb, path in world.writes() if "reactions" not in path] == ["POST"]


def test_many_commands_get_one_bounded_reply(world: World) -> None:
    world.say("/gitops-guard explain GG-POD-001\n" * 1900)
    (reply,) = world.replies
    assert len(reply) < 65_536
    assert "More than 5 commands" in reply


def test_one_fix_of_a_comment_is_enough(world: World) -> None:
    world.say("/gitops-guard fix\n/gitops-guard fix all")
    assert git(world.state.path, "rev-list", "--count", "main..change") == "2"
    assert "one `fix` of a comment is enough" in world.replies[0].replace("\\", "")


def test_what_was_written_is_shown_as_it_is(world: World) -> None:
    world.say("/gitops-guard @acme/all ``<!-- x -->`` $(id)\n/gitops-guard explain GG-POD-001")
    (reply,) = world.replies
    assert "`/gitops-guard explain GG-POD-001`" in reply
    assert "```/gitops-guard @acme/all ``<!-- x -->`` $(id)```" in reply.replace("``` ", "```").replace(" ```", "```")


def test_the_longest_comment_is_read(world: World) -> None:
    world.say("/gitops-guard " + "A" * 65_000)
    assert len(world.replies[0]) < 3000


def test_a_job_that_is_started_again_does_nothing_twice(world: World) -> None:
    world.say("/gitops-guard fix")
    comment = world.state.issue_comments[0]
    before = len(world.writes())
    assert world.run(comment) == 0
    assert len(world.writes()) == before


def test_a_job_that_died_before_its_reply_ends_the_same(world: World) -> None:
    world.say("/gitops-guard fix")
    head = git(world.state.path, "rev-parse", "change")
    world.state.issue_comments = world.state.issue_comments[:1]
    world.run(world.state.issue_comments[0])
    assert git(world.state.path, "rev-parse", "change") == head
    assert head[:10] in world.replies[0]
    assert world.reactions[-1] == "+1"


def test_commits_that_a_dead_job_left_undone_are_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops_guard.commands.answering.fix.FILES_OF_A_COMMIT", 1)
    git(world.state.path, "checkout", "-q", "change")
    commit(world.state.path, at=1_750_000_200, other=POD.format(name="other"), third=POD.format(name="third"))
    git(world.state.path, "checkout", "-q", "main")
    with pytest.MonkeyPatch.context() as patch:
        count = [0]
        real = Transport.graphql

        def dying(self: Transport, *given: Any, **named: Any) -> Any:
            count[0] += 1
            if count[0] == 4:
                raise KeyboardInterrupt
            return real(self, *given, **named)

        patch.setattr(Transport, "graphql", dying)
        assert world.say("/gitops-guard fix") == 130
    assert git(world.state.path, "rev-list", "--count", "main..change") == "4"
    assert world.run(world.state.issue_comments[0]) == 0
    assert all("readOnly: true" in world.head(f"{name}.yaml") for name in ("new", "other", "third"))


def test_a_waiver_that_died_anywhere_is_opened_once(world: World) -> None:
    until = f"{datetime.now(UTC).year}-12-31"
    world.state.faults = [Fault("POST", "/pulls", status=422, message="Validation Failed")]
    world.say(f"/gitops-guard waive GG-POD-001 until {until} because so")
    assert set(world.state.pulls) == {7}
    world.state.issue_comments = world.state.issue_comments[:1]
    world.run(world.state.issue_comments[0])
    assert len(world.state.pulls) == 2
    world.state.issue_comments = world.state.issue_comments[:1]
    world.run(world.state.issue_comments[0])
    assert len(world.state.pulls) == 2


def test_a_lost_answer_to_the_commit_commits_once(world: World) -> None:
    world.state.faults = [Fault("POST", "#createCommitOnBranch", done=True)]
    world.say("/gitops-guard fix")
    assert git(world.state.path, "rev-list", "--count", "main..change") == "2"
    assert "Committed" in world.replies[0]


def test_a_token_that_may_not_commit_is_explained(world: World) -> None:
    world.state.add_token(TOKEN, BOT, contents="read", pull_requests="write", issues="write")
    assert world.say("/gitops-guard fix") == 3
    assert "Resource not accessible" in world.replies[0]
    assert world.reactions == ["eyes", "confused"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"action": "created"}', '{"comment": 1, "issue": 2}', "{" * 9]
)
def test_an_event_file_that_is_none_is_a_clear_error(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "event.json"
    file.write_text(text)
    monkeypatch.setenv("GITHUB_EVENT_NAME", "issue_comment")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(file))
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/shop")
    assert main(["comment"]) == 2
    assert "event file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["fix all", "waive GG-POD-001 in apps/ until {until} because so", "recheck", "explain GG-POD-001"]
)
def test_a_job_that_dies_before_any_write_is_repeated_to_the_same_end(
    world: World, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "/gitops-guard " + command.format(until=f"{datetime.now(UTC).year}-12-31")
    honest = Transport._answered
    alive = [10_000]

    def dying(self: Transport, request: Any, written: Any) -> object:
        alive[0] -= request.changes
        if alive[0] < 0:
            raise KeyboardInterrupt
        return honest(self, request, written)

    monkeypatch.setattr(Transport, "_answered", dying)
    world.say(body)
    wanted, writes = picture(world), 10_000 - alive[0]
    assert writes >= 3
    for steps in range(writes):
        state = copied(world.state, tmp_path / f"copy{steps}")
        with running(state) as standin:
            other = World(tmp_path, standin.url, state)
            alive[0] = steps
            assert other.say(body) == 130
            alive[0] = 10_000
            assert other.run(state.issue_comments[0]) == 0
            assert picture(other) == wanted, steps
        assert state.violations == []


def copied(state: State, path: Path) -> State:
    """The world as it was before the first comment."""
    git(state.path.parent, "clone", "-q", "--no-local", str(state.path), str(path))
    git(path, "branch", "-q", "change", "origin/change~1" if distance(state) > 1 else "origin/change")
    fresh = State(path, "acme/shop")
    fresh.add_token(TOKEN, BOT, contents="write", pull_requests="write", issues="write")
    fresh.pulls[7] = PullRequest(7, "main", "change")
    fresh.permissions |= {"octocat": "write"}
    return fresh


def distance(state: State) -> int:
    return int(git(state.path, "rev-list", "--count", "main..change"))


def picture(world: World) -> object:
    """What people see in the end, without names of commits."""
    state = world.state
    names = git(state.path, "for-each-ref", "--format=%(refname)", "refs/heads").split()
    trees = {name: git(state.path, "rev-parse", name + "^{tree}") for name in names}
    counts = {name: git(state.path, "rev-list", "--count", f"main..{name}") for name in names}
    pulls = {number: {**detail, "head_sha": ""} for number, detail in state.details.items()}
    reviews = sorted(str(comment["path"]) for comment in state.review_comments)
    summaries = sum("gitops-guard:summary" in str(comment["body"]) for comment in state.issue_comments)
    return trees, counts, pulls, reviews, summaries, len(world.replies), sorted(set(world.reactions))
