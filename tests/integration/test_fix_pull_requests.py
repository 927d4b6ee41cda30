"""Fix pull requests against the stand-in: opened, updated, closed; a person's commits stay, and no fault matters."""

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from github_standin.server import StandIn, running
from github_standin.state import Fault, State
from gitops_guard.finding import NEEDS_REVIEW
from gitops_guard.fix_pull_requests.groups import FileChange, FixedProblem, FixGroup, body, mark, slug
from gitops_guard.fix_pull_requests.update import Limits, Outcome, Plan, update
from gitops_guard.github.commits import Committer
from gitops_guard.github.repository import Repository
from gitops_guard.github.transport import Transport

TOKEN = "ghs_invented0sweep0token"
BOT = "github-actions[bot]"
BEFORE, AFTER = b"privileged: true\n", b"privileged: false\n"


def git(state: State, *arguments: str) -> str:
    identity = ("-c", "user.name=octocat", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=state.path, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(state: State, **files: str) -> str:
    for name, text in files.items():
        (state.path / f"{name}.yaml").write_text(text)
    git(state, "add", "-A")
    git(state, "commit", "-qm", "work")
    return git(state, "rev-parse", "HEAD")


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[StandIn]:
    repository = tmp_path / "repository"
    repository.mkdir()
    state = State(repository, "acme/shop")
    git(state, "init", "-q", "-b", "main")
    commit(state, web=BEFORE.decode(), db=BEFORE.decode())
    git(state, "checkout", "-q", "--detach")
    state.add_token(TOKEN, BOT, contents="write", pull_requests="write", issues="write")
    state.permissions |= {"octocat": "write", "hubot": "admin"}
    with running(state) as found:
        yield found
    assert state.violations == []


def group(key: str = "GG-POD-001", *names: str, after: bytes = AFTER, **values: object) -> FixGroup:
    files = tuple(FileChange(f"{name}.yaml", BEFORE, after) for name in names or ("web",))
    problems = tuple(FixedProblem(key, file.path, 1, "web runs `privileged` @acme/all") for file in files)
    return FixGroup(key, f"Fix {key}", files, findings=problems, proof=("it parses",))._replace(**values)  # type: ignore[arg-type]


def run(standin: StandIn, *groups: FixGroup, complete: bool = True, limits: Limits | None = None) -> Outcome:
    transport = Transport(standin.url, TOKEN, pause=0, wait=1, recovery=0.01)
    repository = Repository(transport.call, "acme/shop", transport.graphql)
    plan = Plan(groups, "main", git(standin.state, "rev-parse", "main"), complete)
    return update(repository, Committer(transport.graphql, repository).commit, plan, limits or Limits(5, ("security",)))


def states(outcome: Outcome) -> dict[str, str]:
    return {entry.key: entry.state for entry in outcome.entries}


def writes(state: State) -> list[tuple[str, str]]:
    return [(verb, path) for verb, path in state.requests if verb != "GET" and path != "/graphql"]


def shown(state: State, branch: str, name: str) -> bytes:
    return subprocess.run(
        ["git", "show", f"{branch}:{name}"], cwd=state.path, check=True, capture_output=True
    ).stdout  # fmt: skip


def picture(state: State) -> object:
    """All that people see in the end: branches with their content and commits, pull requests, comments."""
    names = git(state, "for-each-ref", "--format=%(refname)", "refs/heads").split()
    branches = {
        name: (git(state, "rev-parse", name + "^{tree}"), git(state, "log", "--format=%an %B", f"main..{name}"))
        for name in names
    }
    pulls = {n: {k: v for k, v in d.items() if k != "head_sha"} for n, d in state.details.items()}
    comments = [(comment["pull"], comment["body"]) for comment in state.issue_comments]
    return branches, pulls, comments, state.labels


def test_opens_a_pull_request_with_a_commit_that_github_makes(standin: StandIn) -> None:
    outcome = run(standin, group(owners=("@octocat", "@nobody1", "x@example.org")))
    state = standin.state
    assert states(outcome) == {"GG-POD-001": "created"}
    assert outcome.numbers() == {"GG-POD-001": 1}
    assert "no review was asked for" in outcome.entries[0].detail
    assert state.pulls[1][1:4] == ("main", "gitops-guard/fix/gg-pod-001", BOT)
    assert shown(state, "gitops-guard/fix/gg-pod-001", "web.yaml") == AFTER
    assert git(state, "diff", "--name-only", "main", "gitops-guard/fix/gg-pod-001") == "web.yaml"
    assert ("POST", "/graphql#createCommitOnBranch") in state.requests
    assert state.labels[1] == ["security"]
    assert state.detail(1)["assignees"] == ["octocat"]
    text = state.detail(1)["body"]
    assert "cannot change what an application sees" in text
    assert "it parses" in text
    assert "Checks do not start by themselves" in text
    assert "@acme" not in text
    assert git(state, "rev-parse", "main") == git(state, "merge-base", "main", "gitops-guard/fix/gg-pod-001")


def test_a_second_run_only_reads(standin: StandIn) -> None:
    groups = (group(), group("GG-POD-002", "db", owners=("@octocat",)))
    run(standin, *groups)
    before = len(writes(standin.state))
    count = len(standin.state.requests)
    assert set(states(run(standin, *groups)).values()) == {"unchanged"}
    assert len(writes(standin.state)) == before
    assert len(standin.state.requests) - count == 5


def test_a_push_to_the_base_that_changes_nothing_here_leaves_it(standin: StandIn) -> None:
    run(standin, group())
    git(standin.state, "checkout", "-q", "main")
    commit(standin.state, other="a: 1\n")
    assert states(run(standin, group())) == {"GG-POD-001": "unchanged"}


def test_another_content_replaces_the_commits_and_the_pull_request_stays_open(standin: StandIn) -> None:
    run(standin, group())
    state = standin.state
    git(state, "checkout", "-q", "main")
    tip = commit(state, web=BEFORE.decode() + "# more\n")
    changed = FixGroup("GG-POD-001", "Fix it", (FileChange("web.yaml", BEFORE + b"# more\n", AFTER + b"# more\n"),))
    assert states(run(standin, changed)) == {"GG-POD-001": "updated"}
    assert git(state, "rev-list", "--count", "main..gitops-guard/fix/gg-pod-001") == "1"
    assert git(state, "rev-parse", "gitops-guard/fix/gg-pod-001^") == tip
    assert state.detail(1)["state"] == "open"
    assert list(state.details) == [1]
    assert "gitops-guard/next" not in git(state, "for-each-ref")


def test_what_is_obsolete_is_closed_with_a_word_and_its_branch_deleted(standin: StandIn) -> None:
    run(standin, group(), group("GG-POD-002", "db"))
    assert states(run(standin, group("GG-POD-002", "db"))) == {"GG-POD-002": "unchanged", "gg-pod-001": "closed"}
    state = standin.state
    assert state.detail(1)["state"] == "closed"
    assert "gg-pod-001" not in git(state, "for-each-ref")
    (comment,) = state.issue_comments
    assert "Nothing is left to fix" in comment["body"]
    assert states(run(standin, group())) == {"gg-pod-002": "closed", "GG-POD-001": "created"}


def test_a_partial_scan_closes_nothing(standin: StandIn) -> None:
    run(standin, group())
    assert run(standin, complete=False).entries == ()
    assert standin.state.detail(1)["state"] == "open"


@pytest.mark.parametrize("groups", [(), (group(after=b"privileged: no\n"),)])
def test_a_persons_commit_is_never_overwritten(standin: StandIn, groups: tuple[FixGroup, ...]) -> None:
    run(standin, group())
    state = standin.state
    git(state, "checkout", "-q", "gitops-guard/fix/gg-pod-001")
    tip = commit(state, web="mine: true\n")
    before = len(writes(state))
    (entry,) = run(standin, *groups).entries
    assert entry.state == "theirs"
    assert "octocat committed" in entry.detail
    assert git(state, "rev-parse", "gitops-guard/fix/gg-pod-001") == tip
    assert len(writes(state)) == before


def test_a_commit_with_our_trailer_by_somebody_else_is_not_ours(standin: StandIn) -> None:
    run(standin, group())
    state = standin.state
    git(state, "checkout", "-q", "gitops-guard/fix/gg-pod-001")
    git(state, "commit", "-q", "--allow-empty", "-m", git(state, "log", "-1", "--format=%B"))
    assert run(standin, group(after=b"x: 1\n")).entries[0].state == "theirs"


def test_a_pull_request_of_somebody_else_on_our_branch_is_left(standin: StandIn) -> None:
    run(standin, group())
    standin.state.pulls[1] = standin.state.pulls[1]._replace(author="mallory")
    assert run(standin, group(after=b"x: 1\n")).entries[0].state == "theirs"
    assert run(standin).entries[0].state == "theirs"


def test_no_more_are_opened_than_wanted(standin: StandIn) -> None:
    groups = (group(), group("GG-POD-002", "db"), group("GG-POD-003"))
    outcome = run(standin, *groups, limits=Limits(2))
    assert list(states(outcome).values()) == ["created", "created", "postponed"]
    again = run(standin, *groups[1:], limits=Limits(2))
    assert states(again) == {"GG-POD-002": "unchanged", "gg-pod-001": "closed", "GG-POD-003": "created"}


def test_what_a_person_closed_stays_closed_until_it_changes_or_is_asked_for(standin: StandIn) -> None:
    run(standin, group())
    state = standin.state
    state.detail(1)["state"] = "closed"
    assert states(run(standin, group())) == {"GG-POD-001": "declined"}
    assert states(run(standin, group(requested=True))) == {"GG-POD-001": "created"}
    state.detail(2)["state"] = "closed"
    assert states(run(standin, group(after=b"privileged: null\n"))) == {"GG-POD-001": "created"}


def test_modes_that_the_api_does_not_know_are_left_out_and_named(standin: StandIn) -> None:
    tool = FileChange("db.yaml", BEFORE, AFTER, "100755")
    one = group()
    run(standin, one._replace(files=(*one.files, tool)))
    assert "db.yaml" in standin.state.detail(1)["body"].partition("not part of this")[2]
    assert shown(standin.state, "gitops-guard/fix/gg-pod-001", "db.yaml") == BEFORE
    (entry,) = run(standin, FixGroup("X", "x", (tool._replace(mode="120000"),)), complete=False).entries
    assert entry.state == "empty"


def test_many_files_become_several_commits(standin: StandIn) -> None:
    files = tuple(FileChange(f"f{number}", None, b"x\n") for number in range(205))
    wide = FixGroup("POD", "Many", (*files, FileChange("db.yaml", BEFORE, None)))
    run(standin, wide)
    assert git(standin.state, "rev-list", "--count", "main..gitops-guard/fix/pod") == "3"
    assert "db.yaml" in git(standin.state, "diff", "--diff-filter=D", "--name-only", "main", "gitops-guard/fix/pod")
    assert states(run(standin, wide)) == {"POD": "unchanged"}


def test_the_setting_that_forbids_it_is_named(standin: StandIn) -> None:
    standin.state.may_open_pulls = False
    (entry,) = run(standin, group()).entries
    assert entry.state == "failed"
    assert "not permitted to create" in entry.detail
    standin.state.may_open_pulls = True
    assert states(run(standin, group())) == {"GG-POD-001": "created"}


def test_a_token_that_only_reads_fails_each_group_with_a_reason(standin: StandIn) -> None:
    standin.state.add_token(TOKEN, BOT, contents="read", pull_requests="read", issues="read")
    (entry,) = run(standin, group()).entries
    assert entry.state == "failed"
    assert "Resource not accessible" in entry.detail


class DeadRunError(Exception):
    """The run ends here."""


def dying(standin: StandIn, alive: int, *groups: FixGroup) -> bool:
    """A run that ends before its write of this number; False if it has fewer."""
    transport = Transport(standin.url, TOKEN, pause=0, wait=1, recovery=0.01)
    left = [alive]

    def counted(verb: str) -> None:
        if verb != "GET":
            left[0] -= 1
            if left[0] < 0:
                raise DeadRunError

    def call(verb: str, path: str, body: object = None, *, written: object = None) -> object:
        counted(verb)
        return transport.call(verb, path, body, written=written)  # type: ignore[arg-type]

    def ask(document: str, variables: dict[str, object], *, written: object = None) -> object:
        counted("POST")
        return transport.graphql(document, variables, written=written)  # type: ignore[arg-type]

    repository = Repository(call, "acme/shop")
    plan = Plan(groups, "main", git(standin.state, "rev-parse", "main"), complete=True)
    try:
        update(repository, Committer(ask, repository).commit, plan, Limits(5, ("security",)))  # type: ignore[arg-type]
    except DeadRunError:
        return True
    return False


FIRST = (group(owners=("@octocat",)), group("GG-POD-002", "db"))
SECOND = (group(after=b"privileged: no\n", owners=("@octocat",)), group("GG-POD-003", "db"))


def test_a_run_that_dies_anywhere_is_repeated_to_the_same_end(standin: StandIn, tmp_path: Path) -> None:
    run(standin, *FIRST)
    run(standin, *SECOND)
    wanted = picture(standin.state)
    tried = 0
    for alive in range(60):
        with running(fresh(tmp_path / str(alive))) as other:
            died = dying(other, alive, *FIRST)
            run(other, *FIRST)
            died_again = dying(other, alive, *SECOND)
            run(other, *SECOND)
            assert picture(other.state) == wanted, alive
            assert other.state.violations == []
        tried += died + died_again
        if not (died or died_again):
            break
    assert tried >= 20


def fresh(path: Path) -> State:
    path.mkdir()
    state = State(path, "acme/shop")
    git(state, "init", "-q", "-b", "main")
    commit(state, web=BEFORE.decode(), db=BEFORE.decode())
    git(state, "checkout", "-q", "--detach")
    state.add_token(TOKEN, BOT, contents="write", pull_requests="write", issues="write")
    state.permissions |= {"octocat": "write", "hubot": "admin"}
    return state


@pytest.mark.parametrize("ends", ["/pulls", "/refs", "#createCommitOnBranch", "/labels", "/assignees"])
@pytest.mark.parametrize("status", [None, 502])
def test_an_answer_that_is_lost_writes_nothing_twice(standin: StandIn, ends: str, status: int | None) -> None:
    standin.state.faults = [Fault("POST", ends, status=status, done=True)]
    assert states(run(standin, group(owners=("@octocat",)))) == {"GG-POD-001": "created"}
    assert list(standin.state.details) == [1]
    assert git(standin.state, "rev-list", "--count", "main..gitops-guard/fix/gg-pod-001") == "1"
    assert standin.state.labels == {1: ["security"]}


def test_an_app_knows_its_own_pull_requests_again(standin: StandIn) -> None:
    standin.state.add_token(TOKEN, "fixer[bot]", contents="write", pull_requests="write", issues="write")
    run(standin, group())
    assert standin.state.pulls[1].author == "fixer[bot]"
    assert states(run(standin, group())) == {"GG-POD-001": "unchanged"}


def test_two_runs_at_once_open_one(standin: StandIn) -> None:
    outcomes: list[Outcome] = []
    threads = [threading.Thread(target=lambda: outcomes.append(run(standin, group()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 3
    assert len(standin.state.pulls) == 1
    assert set(states(run(standin, group())).values()) <= {"unchanged", "updated"}
    assert git(standin.state, "rev-list", "--count", "main..gitops-guard/fix/gg-pod-001") == "1"
    assert set(states(run(standin, group())).values()) == {"unchanged"}


def test_names_of_branches() -> None:
    keys = (
        "GG-POD-001",
        "gg-pod-001",
        "apps/shop",
        "apps-shop",
        "@acme/shop",
        "",
        "..",
        "a" * 300,
        "x~^: *?[\\",
        "é",
        "ö",
    )
    slugs = [slug(key) for key in keys]
    assert slugs[0] == "gg-pod-001"
    assert len(set(slugs)) == len(keys)
    for name in slugs:
        subprocess.run(["git", "check-ref-format", f"refs/heads/gitops-guard/fix/{name}"], check=True)
        assert len(name) < 80


def test_the_text_fits_whatever_there_is() -> None:
    files = tuple(FileChange(f"{'a/' * 140}{number}", None, b"x") for number in range(3000))
    found = tuple(FixedProblem("GG-POD-001", file.path, 1, "m" * 400) for file in files)
    proof, owners = (
        tuple(f"{number} " + "p" * 3000 for number in range(3000)),
        tuple(f"@{'o' * 40}{n}" for n in range(900)),
    )
    one = FixGroup("x", "t" * 999, files, NEEDS_REVIEW, found, proof, "n" * 9000, owners)
    text = body(one, "done", left_out=tuple((file.path, "r" * 400) for file in files))
    assert len(text) < 65_536
    assert text.count("and 2,") == 4
    assert text.count("## ") == 4


def test_the_text_shows_hostile_names_as_they_are() -> None:
    evil = "a`b\n<!-- gitops-guard:fix= -->@acme/all"
    one = FixGroup(evil, evil, (FileChange(evil, None, b"x"),), NEEDS_REVIEW, note=evil, proof=(evil,), owners=(evil,))
    text = body(one._replace(findings=(FixedProblem("GG-POD-001", evil, 1, evil),)), "done")
    assert text.count("<!--") - text.count("`") < 1 or text.startswith("<!-- gitops-guard:fix=")
    assert mark(text) == (one.content, "done")
    assert "needs review" in text.lower()
