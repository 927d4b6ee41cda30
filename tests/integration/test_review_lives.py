"""Lives of pull requests: pushes, force-pushes, renamed files, people who answer, two runs at once, runs that die."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import review_life
from github_standin.description import Json
from github_standin.state import Fault
from gitops_guard.cli import main
from gitops_guard.errors import PublishError
from gitops_guard.github.client import Client
from review_life import RESOLVER, TALKER, Killed, Replay, Repository, Step, conversation, open_threads, pods, seen


def rebase(repository: Repository) -> None:
    """The base has moved, and the branch is pushed with force: other commits, and other lines."""
    repository.git("checkout", "-q", "main")
    repository.commit({"unrelated.txt": "x\n"})
    repository.git("checkout", "-q", "change")
    repository.git("reset", "-q", "--hard", "main")
    repository.commit({"new.yaml": "# a comment\n# and another\n" + pods("web", "job")})


PUSHES: dict[str, Callable[[Repository], None]] = {
    "open": lambda repository: repository.commit({"new.yaml": pods("web", "job")}),
    "fix": lambda repository: repository.commit({"new.yaml": pods("web")}),
    "break again": lambda repository: repository.commit({"new.yaml": pods("web", "job")}),
    "rebase": rebase,
    "rename": lambda repository: repository.commit({"new.yaml": None, "apps/new.yaml": pods("web", "job")}),
    "clean": lambda repository: repository.commit({"apps/new.yaml": None, "note.yaml": "a: 1\n"}),
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("life"))


@pytest.fixture(scope="module")
def steps(repository: Repository) -> dict[str, Step]:
    return {step.name: step for step in review_life.lived(repository, PUSHES)}


@pytest.fixture(params=[RESOLVER, TALKER], ids=["resolves", "folds"])
def replay(request: pytest.FixtureRequest, repository: Repository) -> Iterator[Replay]:
    with Replay(repository, request.param).served() as found:
        yield found


@pytest.fixture
def resolving(repository: Repository) -> Iterator[Replay]:
    with Replay(repository, RESOLVER).served() as found:
        yield found


def about(replay: Replay, name: str) -> review_life.Seen:
    (found,) = [one for one in seen(replay.state) if f"`Pod/{name}`" in one.body and "state=moved" not in one.body]
    return found


def test_a_life_from_opening_to_the_end(replay: Replay, steps: dict[str, Step]) -> None:
    replay.run(steps["open"])
    opened = seen(replay.state)
    assert [(one.path, one.resolved, one.hidden) for one in opened] == [("new.yaml", False, False)] * 2
    replay.run(steps["fix"])
    fixed = about(replay, "job")
    assert (fixed.resolved, fixed.hidden) == (replay.token == RESOLVER, replay.token == TALKER)
    assert f"\nSolved as of {steps['fix'].head[:10]}.\n" in fixed.body
    assert "```suggestion" not in fixed.body
    assert about(replay, "web")._replace(body="") in [one._replace(body="") for one in opened]
    replay.run(steps["break again"])
    assert len(open_threads(replay.state)) == len(seen(replay.state)) == 2
    assert "```suggestion" in about(replay, "job").body
    replay.run(steps["rebase"])
    assert len(open_threads(replay.state)) == 2
    replay.run(steps["rename"])
    assert {one.path for one in open_threads(replay.state)} == {"new.yaml"}
    assert len(open_threads(replay.state)) == len(seen(replay.state)) == 2
    assert "```diff" in about(replay, "job").body
    assert "```suggestion" not in about(replay, "job").body
    replay.run(steps["clean"])
    assert open_threads(replay.state) == []
    assert len(replay.state.issue_comments) == 1
    assert "no new problem" in replay.state.issue_comments[0]["body"].lower()


def test_each_step_said_again_is_one_read(replay: Replay, steps: dict[str, Step]) -> None:
    for step in steps.values():
        replay.run(step)
        before = conversation(replay.state)
        assert replay.run(step) == [("POST", "/graphql")]
        assert conversation(replay.state) == before


def test_moved_lines_keep_the_thread(resolving: Replay, steps: dict[str, Step]) -> None:
    resolving.run(steps["open"])
    before = {comment["id"] for comment in resolving.state.review_comments}
    resolving.run(steps["rebase"])
    assert {comment["id"] for comment in resolving.state.review_comments} == before
    lines = [one.line for one in open_threads(resolving.state)]
    assert lines == [comment.anchor.last for comment in steps["rebase"].posting.review.comments if comment.anchor]


def test_a_renamed_file_and_a_moved_object_keep_their_threads(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    pushes: dict[str, Callable[[Repository], None]] = {
        "open": lambda one: one.commit({"new.yaml": pods("web", "job")}),
        "move": lambda one: one.commit({"new.yaml": pods("job", "web")}),
        "rename": lambda one: one.commit({"new.yaml": None, "apps/new.yaml": pods("job", "web")}),
    }
    moves = {step.name: step for step in review_life.lived(repository, pushes)}
    with Replay(repository, RESOLVER).served() as replay:
        replay.run(moves["open"])
        before = {comment["id"] for comment in replay.state.review_comments}
        for name in ("move", "rename"):
            replay.run(moves[name])
            assert {comment["id"] for comment in replay.state.review_comments} == before
            assert len(open_threads(replay.state)) == 2
            assert replay.run(moves[name]) == [("POST", "/graphql")]


def placeless(threads: Iterable[review_life.Seen]) -> set[review_life.Seen]:
    return {one._replace(line=None, start=None) for one in threads}


def crash_points(replay: Replay, steps: dict[str, Step]) -> Iterator[tuple[Step, int, Json, Any]]:
    """Every request of every step: the state before the step, and what people see after it."""
    for step in steps.values():
        before = replay.kept()
        count = len(replay.run(step))
        after, expected = replay.kept(), conversation(replay.state)
        for number in range(count + 1):
            yield step, number, before, expected
        replay.begin_at(after)


def test_a_run_that_dies_after_any_request_is_made_good_by_the_next(replay: Replay, steps: dict[str, Step]) -> None:
    points = 0
    for step, number, before, expected in crash_points(replay, steps):
        replay.begin_at(before)
        replay.move_to(step)
        with review_life.killed_after(number), contextlib.suppress(Killed):
            replay.post(step)
        replay.run(step)
        assert conversation(replay.state) == expected, (step.name, number)
        assert replay.run(step) == [("POST", "/graphql")], (step.name, number)
        points += 1
    assert points >= 25


@pytest.mark.parametrize(
    ("times", "done"), [(1, True), (1, False), (99, False)], ids=["answer lost", "request lost", "gone for good"]
)
def test_a_connection_cut_at_any_request_leaves_the_same_state(
    resolving: Replay, steps: dict[str, Step], times: int, *, done: bool
) -> None:
    for step, number, before, expected in crash_points(resolving, steps):
        resolving.begin_at(before)
        resolving.move_to(step)
        resolving.state.spared = number
        resolving.state.faults = [Fault("", "", done=done, times=times)]
        with contextlib.suppress(PublishError):
            resolving.post(step)
        resolving.state.spared, resolving.state.faults = 0, []
        resolving.run(step)
        assert conversation(resolving.state) == expected, (step.name, number)


def test_two_runs_at_once_end_in_one_thread_each(resolving: Replay, steps: dict[str, Step]) -> None:
    for step in steps.values():
        before = resolving.kept()
        resolving.run(step)
        after, expected = resolving.kept(), conversation(resolving.state)
        for _ in range(2):
            resolving.begin_at(before)
            at_once(partial(resolving.post, step))
            assert conversation(resolving.state) == expected, step.name
        resolving.begin_at(after)


def at_once(post: Callable[[], object]) -> None:
    """Two runs, none of which creates anything before both have read."""
    both, looked = threading.Barrier(2), threading.local()
    read = Client.conversation

    def together(client: Client) -> Any:
        found = read(client)
        if not getattr(looked, "once", False):
            looked.once = True
            both.wait(timeout=10)
        return found

    with patch.object(Client, "conversation", together):
        runs = [threading.Thread(target=post) for _ in range(2)]
        for run in runs:
            run.start()
        for run in runs:
            run.join()


def test_two_instances_leave_each_other_alone(resolving: Replay, steps: dict[str, Step]) -> None:
    resolving.run(steps["open"])
    first = conversation(resolving.state)
    resolving.post(steps["open"], instance="0123abcd")
    assert [len(part) for part in conversation(resolving.state)[:2]] == [4, 2]
    resolving.move_to(steps["clean"])
    resolving.post(steps["clean"], instance="0123abcd")
    left = conversation(resolving.state)
    assert placeless(one for one in left[0] if not one.resolved) == placeless(first[0])
    assert set(first[1]) < set(left[1])


def test_what_a_person_resolved_stays_resolved(resolving: Replay, steps: dict[str, Step]) -> None:
    resolving.run(steps["open"])
    job, web = sorted(resolving.state.review_comments, key=lambda comment: "`Pod/web`" in comment["body"])
    resolving.state.resolved[job["id"]] = "octocat"
    before = conversation(resolving.state)
    outcome = resolving.post(steps["open"])
    assert (outcome.decided, outcome.unchanged) == (1, 1)
    assert conversation(resolving.state) == before
    for name in ("rebase", "rename", "clean"):
        resolving.run(steps[name])
        assert resolving.state.resolved[job["id"]] == "octocat"
        assert sum("`Pod/job`" in comment["body"] for comment in resolving.state.review_comments) == 1
    assert resolving.state.resolved[web["id"]] == "github-actions[bot]"


def test_a_decision_does_not_cover_what_came_later(resolving: Replay, steps: dict[str, Step]) -> None:
    step = steps["open"]
    comments = tuple(comment._replace(findings=frozenset({"00000000"})) for comment in step.posting.review.comments)
    resolving.move_to(step)
    resolving.post(step, review=step.posting.review._replace(comments=comments))
    for comment in list(resolving.state.review_comments):
        resolving.state.resolved[comment["id"]] = "octocat"
    assert resolving.post(step).created == 2
    assert len(open_threads(resolving.state)) == 2
    assert resolving.run(step) == [("POST", "/graphql")]


def test_a_regression_after_a_person_closed_a_fixed_thread_is_told(resolving: Replay, steps: dict[str, Step]) -> None:
    resolving.run(steps["open"])
    resolving.run(steps["fix"])
    (job,) = [comment for comment in resolving.state.review_comments if "state=solved" in comment["body"]]
    resolving.state.resolved[job["id"]] = "octocat"
    resolving.run(steps["break again"])
    assert resolving.state.resolved[job["id"]] == "octocat"
    assert len(open_threads(resolving.state)) == 2


def test_a_thread_that_cannot_be_opened_again_has_a_successor(resolving: Replay, steps: dict[str, Step]) -> None:
    resolving.run(steps["open"])
    resolving.run(steps["fix"])
    resolving.token = TALKER
    resolving.run(steps["break again"])
    assert len(open_threads(resolving.state)) == 2
    assert resolving.run(steps["break again"]) == [("POST", "/graphql")]


def test_an_answered_comment_is_never_deleted_and_keeps_its_place(replay: Replay, steps: dict[str, Step]) -> None:
    replay.run(steps["open"])
    (job,) = [comment for comment in replay.state.review_comments if "`Pod/job`" in comment["body"]]
    replay.state.add_reply(job, "octocat", "Is that so?")
    for name in ("fix", "break again", "rebase", "rename"):
        replay.run(steps[name])
    thread = about(replay, "job")
    assert (thread.path, thread.replies, thread.resolved, thread.hidden) == ("new.yaml", 1, False, False)
    assert "```suggestion" not in thread.body
    assert "git apply" in thread.body
    replay.run(steps["clean"])
    assert about(replay, "job").replies == 1
    assert open_threads(replay.state) == []


def test_a_partial_scan_closes_nothing(resolving: Replay, steps: dict[str, Step]) -> None:
    resolving.run(steps["open"])
    before = seen(resolving.state)
    resolving.move_to(steps["clean"])
    outcome = resolving.post(steps["clean"], complete=False)
    assert outcome.solved == 0
    assert placeless(seen(resolving.state)) == placeless(before)


def test_a_file_that_cannot_be_read_makes_the_scan_partial(
    repository: Repository, resolving: Replay, steps: dict[str, Step]
) -> None:
    resolving.run(steps["open"])
    repository.git("checkout", "-q", "change")
    repository.commit({"new.yaml": pods("web") + "  bad: [\n"})
    with patch.dict("os.environ", repository.environment(resolving.url, RESOLVER)):
        assert main(["pr", "--offline"]) == 3
    assert sum("`Pod/" in one.body for one in open_threads(resolving.state)) == 2
    assert "Could not be read" in resolving.state.issue_comments[0]["body"]


def test_a_file_that_is_not_looked_at_any_more_keeps_its_threads(resolving: Replay, steps: dict[str, Step]) -> None:
    resolving.run(steps["open"])
    resolving.move_to(steps["clean"])
    assert resolving.post(steps["clean"], unseen=frozenset({"new.yaml"})).solved == 0
    assert len(open_threads(resolving.state)) == 2


def test_what_the_budget_leaves_out_is_not_called_solved(resolving: Replay, steps: dict[str, Step]) -> None:
    resolving.run(steps["open"])
    review = steps["open"].posting.review
    left_out = review._replace(comments=review.comments[:1], unposted=frozenset({review.comments[1].key}))
    assert resolving.post(steps["open"], review=left_out).solved == 0
    assert len(open_threads(resolving.state)) == 2


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Fault("POST", "/graphql", kind="FORBIDDEN", message="Resource not accessible", times=99), "not accessible"),
        (Fault("POST", "/graphql", status=404, message="Not Found", times=99), "404"),
        (Fault("POST", "/graphql", status=502, times=99), "did not answer"),
    ],
)
def test_without_graphql_comments_are_updated_and_the_log_says_what_is_not_known(
    resolving: Replay, steps: dict[str, Step], refusal: Fault, words: str
) -> None:
    for name in ("open", "open", "fix", "break again"):
        resolving.state.faults = [refusal]
        resolving.move_to(steps[name])
        outcome = resolving.post(steps[name])
        assert "the state of threads is not known" in outcome.sentence
        assert words in outcome.sentence
    assert outcome.reopened == 1
    assert len(open_threads(resolving.state)) == 2
    assert len(resolving.state.issue_comments) == 1


def test_marks_of_others_are_not_believed(resolving: Replay, steps: dict[str, Step]) -> None:
    resolving.run(steps["open"])
    forged = [comment | {"author": "mallory"} for comment in resolving.state.review_comments]
    notes = [comment | {"author": "mallory"} for comment in resolving.state.issue_comments]
    resolving.begin_at(resolving.kept() | {"review_comments": forged, "issue_comments": notes})
    resolving.run(steps["open"])
    resolving.run(steps["clean"])
    by_others = [comment for comment in resolving.state.review_comments if comment["author"] == "mallory"]
    assert [comment["body"] for comment in by_others] == [comment["body"] for comment in forged]
    assert (len(resolving.state.review_comments), len(resolving.state.issue_comments)) == (4, 2)


def test_an_older_run_does_not_overwrite_a_newer_one(resolving: Replay, steps: dict[str, Step]) -> None:
    resolving.run(steps["open"])
    resolving.run(steps["fix"])
    before = conversation(resolving.state)
    outcome = resolving.post(steps["open"])
    assert "newer commit" in outcome.sentence
    assert conversation(resolving.state) == before


def test_after_the_merge_a_late_run_posts_nothing(
    repository: Repository, resolving: Replay, steps: dict[str, Step], capsys: pytest.CaptureFixture[str]
) -> None:
    resolving.run(steps["open"])
    before = conversation(resolving.state)
    repository.git("update-ref", "refs/heads/main", steps["open"].head)
    repository.git("checkout", "-q", "change")
    resolving.state.detail(1)["state"] = "closed"
    with patch.dict("os.environ", repository.environment(resolving.url, RESOLVER)):
        main(["pr", "--offline"])
    assert "not posted: the pull request is closed" in capsys.readouterr().err
    assert [one for one in conversation(resolving.state)[0] if one.resolved] == []
    assert conversation(resolving.state)[1:] == before[1:]


def test_nothing_is_posted_where_nothing_was_found(resolving: Replay, steps: dict[str, Step]) -> None:
    assert resolving.run(steps["clean"]) == [("POST", "/graphql")]
    assert conversation(resolving.state) == ([], [], 0)


def test_a_bad_anchor_costs_only_its_own_comment_its_line(resolving: Replay, steps: dict[str, Step]) -> None:
    step = steps["open"]
    first, second = step.posting.review.comments
    assert second.anchor is not None
    wrong = second._replace(anchor=second.anchor._replace(first=900, last=901))
    resolving.move_to(step)
    review = step.posting.review._replace(comments=(first, wrong))
    resolving.post(step, review=review)
    lines = {("`Pod/web`" in one.body): one.line for one in seen(resolving.state)}
    assert None in lines.values()
    assert len(lines) == 2
    before = len(resolving.state.requests)
    resolving.post(step, review=review)
    assert resolving.state.requests[before:] == [("POST", "/graphql")]
