"""The life of a tracking issue against the stand-in, with a real git repository that holds the state."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from github_standin.description import Json
from github_standin.state import Fault, State
from gitops_guard.cli import main
from gitops_guard.runner import MARKER
from integration.sweeping import POD, TOKEN, commit, git, repository, served, state_commit, sweep

FILES: dict[str, str | None] = {
    "apps/a.yaml": POD.format(name="a"),
    "apps/b.yaml": POD.format(name="b"),
    "CODEOWNERS": "/apps/a.yaml @acme/payments\n",
}
BRANCH = "gitops-guard/state"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with served(repository(tmp_path, FILES)) as found:
        yield found


def issue(state: State) -> Json:
    (found,) = state.issues
    return found


def changes(state: State, since: int) -> list[str]:
    return [method for method, path in state.requests[since:] if method != "GET" and not path.endswith("/graphql")]


def test_the_first_sweep_opens_one_issue(state: State) -> None:
    assert sweep("--publish") == 0
    body = issue(state)["body"]
    assert "**20 problems.**" in body
    assert "### Owned by `@acme/payments` (11)" in body
    assert "### Without an owner (9)" in body
    assert issue(state)["labels"] == ["gitops-guard"]
    assert git(state.path, "rev-list", "--count", BRANCH) == "1"
    assert git(state.path, "ls-tree", "--name-only", BRANCH) == "state.json"


def test_under_the_action_the_page_of_the_job_has_the_report(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    sweep("--publish")
    assert not page.exists()
    monkeypatch.setenv(MARKER, "x")
    sweep("--publish")
    text = page.read_text()
    assert "## gitops-guard: 19 problems" in text
    assert "| critical | `apps/a.yaml:11` | web runs privileged" in text
    # The scans of several repositories leave it to the one that asked for them.
    listed = tmp_path / "repositories.txt"
    listed.write_text("acme/shop\n")
    assert main(["sweep", "--repos", str(listed), "--output", "/dev/null", "--fail-level", "none"]) == 0
    assert page.read_text() == text
    assert len(state.issues) == 1


def test_a_second_sweep_of_the_same_only_reads(state: State) -> None:
    sweep("--publish")
    before, kept = len(state.requests), state_commit(state.path)
    sweep("--publish")
    assert changes(state, before) == []
    assert len(state.requests) - before <= 4
    assert state_commit(state.path) == kept


def test_fixed_new_and_fixed_again(state: State) -> None:
    sweep("--publish")
    commit(state.path, {"apps/a.yaml": None})
    sweep("--publish")
    assert "**11 problems, 9 fewer than on" in issue(state)["body"]
    commit(state.path, {"apps/b.yaml": None})
    sweep("--publish")
    assert (issue(state)["state"], issue(state)["state_reason"]) == ("closed", "completed")
    assert "**No problems" in issue(state)["body"]
    commit(state.path, {"apps/b.yaml": FILES["apps/b.yaml"]})
    sweep("--publish")
    assert issue(state)["state"] == "open"
    fixed = json.loads(git(state.path, "show", f"{BRANCH}:state.json"))["fixed"]
    assert len(fixed) == 20


def test_a_clean_repository_needs_no_issue(state: State) -> None:
    commit(state.path, {"apps/a.yaml": None, "apps/b.yaml": None})
    sweep("--publish")
    assert state.issues == []


def test_a_partial_sweep_closes_nothing_and_says_so(state: State) -> None:
    sweep("--publish")
    broken = "apiVersion: v1\nkind: Pod\nmetadata: [\n"
    commit(state.path, {"apps/a.yaml": None, "apps/b.yaml": broken})
    sweep("--publish")
    body = issue(state)["body"]
    assert issue(state)["state"] == "open"
    assert "> This sweep is **not complete**: 1 file could not be looked at" in body
    assert "20 problems of earlier sweeps were not seen now" in body
    assert json.loads(git(state.path, "show", f"{BRANCH}:state.json"))["fixed"] == []
    before = len(state.requests)
    sweep("--publish")
    assert changes(state, before) == []
    commit(state.path, {"apps/b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: s}\n"})
    sweep("--publish")
    assert issue(state)["state"] == "closed"
    assert len(json.loads(git(state.path, "show", f"{BRANCH}:state.json"))["fixed"]) == 21


def test_what_a_person_writes_into_the_text_is_put_right(state: State) -> None:
    sweep("--publish")
    before = issue(state)["body"]
    issue(state)["body"] = before.replace("20 problems", "0 problems").replace("\n", "\r\n")
    sweep("--publish")
    assert issue(state)["body"] == before


def test_line_ends_of_a_browser_are_no_change(state: State) -> None:
    sweep("--publish")
    issue(state)["body"] = issue(state)["body"].replace("\n", "\r\n")
    before = len(state.requests)
    sweep("--publish")
    assert changes(state, before) == []


def test_an_issue_without_its_label_or_without_its_hidden_line_is_found(state: State) -> None:
    sweep("--publish")
    issue(state)["labels"] = []
    sweep("--publish")
    issue(state)["labels"] = ["gitops-guard"]
    issue(state)["body"] = "Somebody wrote over all of it."
    sweep("--publish")
    assert "20 problems" in issue(state)["body"]


def test_an_issue_of_somebody_else_is_never_touched(state: State) -> None:
    sweep("--publish")
    forged = issue(state) | {"author": "mallory", "number": 1, "body": "<!-- gitops-guard:sweep parts=0 -->\nforged"}
    state.issues = [forged]
    sweep("--publish")
    assert forged["body"].endswith("forged")
    assert len(state.issues) == 2


def test_a_second_issue_is_closed(state: State) -> None:
    sweep("--publish")
    state.issues.append(issue(state) | {"number": 5000})
    sweep("--publish")
    assert [one["state"] for one in state.issues] == ["open", "closed"]


def test_boxes_that_nobody_offers_are_ignored(state: State) -> None:
    sweep("--publish")
    before = issue(state)["body"]
    hostile = ("../../x", "GG-XXX-001", "a" * 10_000, "$(id)", "")
    issue(state)["body"] = before + "".join(f"- [x] <!-- gitops-guard:fix={key} -->\n" for key in hostile)
    sweep("--publish")
    assert issue(state)["body"] == before


def test_names_of_the_repository_ping_nobody_and_open_no_markup(state: State) -> None:
    hostile = "apps/@acme/everybody `x` <!-- gitops-guard:fix=gg-pod-001 --> | #1 \u202e\n- [x] .yaml"
    owners = "* @acme/everybody\n"
    commit(state.path, {hostile: POD.format(name="x"), "CODEOWNERS": owners})
    sweep("--publish")
    body = issue(state)["body"]
    assert "### Owned by `@acme/everybody` (29)" in body
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(body)
    outside = re.sub(r"<code>.*?</code>|<a href=\"[^\"]*\">|<!--.*?-->", "", html, flags=re.DOTALL)
    assert "@acme" not in outside
    assert "#1" not in outside
    assert len(re.findall(r"^- \[.\] <!-- gitops-guard:fix=gg-pod-001 -->", body, re.MULTILINE)) == 1
    assert html.count("<tr>") == html.count("</tr>")
    assert "\u202e" not in body
    boxes = [line for line in body.split("\n") if line.startswith("- [")]
    assert all(line.startswith("- [ ] <!-- gitops-guard:fix=") for line in boxes)
    before = issue(state)["body"]
    sweep("--publish")
    assert issue(state)["body"] == before
    assert state.pulls == {}


def test_a_text_that_is_too_long_goes_on_in_comments(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("tracking_issue", "tracking_pages"):
        monkeypatch.setattr(f"gitops_guard.publishers.{module}.SIZE", 9_000)
    owners = "".join(f"/apps/p{number}.yaml @acme/team-{number}\n" for number in range(30))
    files: dict[str, str | None] = {f"apps/p{number}.yaml": POD.format(name=f"p{number}") for number in range(30)}
    commit(state.path, files | {"CODEOWNERS": owners})
    sweep("--publish")
    parts = [comment["body"] for comment in state.issue_comments]
    assert len(parts) > 3
    assert all(len(part) < 9_100 for part in (*parts, issue(state)["body"]))
    assert (
        f"[part 2](https://github.example/acme/shop/issues/{issue(state)['number']}#issuecomment-"
        in issue(state)["body"]
    )
    everything = "\n".join((issue(state)["body"], *parts))
    assert all(f"`@acme/team-{number}`" in everything for number in range(30))
    before = len(state.requests)
    sweep("--publish")
    assert changes(state, before) == []
    commit(state.path, dict.fromkeys((*files, "apps/a.yaml", "apps/b.yaml")))
    sweep("--publish")
    assert state.issue_comments == []
    assert "part 2" not in issue(state)["body"]


@pytest.mark.parametrize("text", ["", "{", '{"format": "gitops-guard/state", "version": 1, "open": 3}', "\udcff"])
def test_a_damaged_state_is_said_and_begun_anew(state: State, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    sweep("--publish")
    _overwrite(state.path, text)
    sweep("--publish")
    assert "begun anew" in capsys.readouterr().err
    assert "What earlier sweeps knew could not be read" in issue(state)["body"]
    assert len(json.loads(git(state.path, "show", f"{BRANCH}:state.json"))["open"]) == 20
    assert git(state.path, "rev-list", "--count", BRANCH) == "3"


def _overwrite(path: Path, text: str) -> None:
    (path / ".git" / "damaged").write_bytes(text.encode("utf-8", "surrogateescape"))
    blob = git(path, "hash-object", "-w", ".git/damaged")
    (path / ".git" / "entry").write_text(f"100644 blob {blob}\tstate.json\n")
    tree = git(path, "read-tree", "--empty") or git(
        path, "update-index", "--add", "--cacheinfo", f"100644,{blob},state.json"
    )
    tree = git(path, "write-tree")
    git(path, "read-tree", "HEAD")
    git(path, "update-ref", f"refs/heads/{BRANCH}", git(path, "commit-tree", tree, "-p", BRANCH, "-m", "Damage"))


def test_other_files_on_the_branch_are_kept(state: State) -> None:
    sweep("--publish")
    blob = git(state.path, "hash-object", "-w", "CODEOWNERS")
    git(state.path, "read-tree", BRANCH)
    git(state.path, "update-index", "--add", "--cacheinfo", f"100644,{blob},NOTES")
    tree = git(state.path, "write-tree")
    git(state.path, "read-tree", "HEAD")
    git(
        state.path,
        "update-ref",
        f"refs/heads/{BRANCH}",
        git(state.path, "commit-tree", tree, "-p", BRANCH, "-m", "Note"),
    )
    commit(state.path, {"apps/a.yaml": None})
    sweep("--publish")
    assert git(state.path, "ls-tree", "--name-only", BRANCH).split() == ["NOTES", "state.json"]


def test_a_sweep_of_another_branch_is_not_tracked(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REF", "refs/heads/feature")
    assert sweep("--publish") == 2
    assert state.issues == []
    assert not state_commit(state.path)


def test_a_token_that_only_reads_is_refused_in_words(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state.add_token("ghs_reader", contents="read", issues="read", pull_requests="read")
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_reader")
    assert sweep("--publish") == 3
    said = capsys.readouterr().err
    assert "issues=write" in said
    assert "ghs_reader" not in said


def test_dry_run_prints_and_writes_nothing(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "--dry-run", "--output", "/dev/null"]) == 0
    assert "**20 problems.**" in capsys.readouterr().out
    assert state.requests == []
    assert not state_commit(state.path)


def _life(folder: Path, cut: int | None, *, first: bool) -> tuple[object, int]:
    """A sweep that dies at a request and is repeated: the first of a repository, or one after a change."""
    with served(repository(folder, FILES)) as state:
        if not first:
            sweep("--publish")
            commit(state.path, {"apps/a.yaml": None, "apps/c.yaml": POD.format(name="c")})
        before = len(state.requests)
        if cut is not None:
            state.requests = DyingAt(state, before + cut)
        code = sweep("--publish")
        assert code == (0 if cut is None else 3)
        state.faults.clear()
        needed = len(state.requests) - before
        assert sweep("--publish") == 0
        kept = json.loads(git(state.path, "show", f"{BRANCH}:state.json"))
        text = "\n".join((issue(state)["body"], *(comment["body"] for comment in state.issue_comments)))
        for name in {kept["sweep"]["commit"], *(one[5] for one in kept["fixed"])}:
            text = text.replace(name, "C").replace(name[:7], "C")
        text = re.sub(r"issues/\d+#issuecomment-\d+", "ISSUE", text.replace(str(folder), ""))
        fixed = [one[:5] for one in kept["fixed"]]
        return (text, kept["open"], fixed, kept["sweep"]["new"], kept["sweep"]["fixed"]), needed


class DyingAt(list[tuple[str, str]]):
    """The requests of a stand-in that refuses all from the given number on."""

    def __init__(self, state: State, number: int) -> None:
        super().__init__(state.requests)
        self._state, self._number = state, number

    def append(self, one: tuple[str, str], /) -> None:
        super().append(one)
        if len(self) == self._number + 1:
            faults = [Fault(method, "", status=400, message="died", times=50) for method in ("GET", "POST", "PATCH")]
            self._state.faults += faults


@pytest.mark.parametrize("first", [True, False])
def test_a_sweep_that_dies_at_any_request_and_is_repeated_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    for module in ("tracking_issue", "tracking_pages"):
        monkeypatch.setattr(f"gitops_guard.publishers.{module}.SIZE", 6_500)
    # Names of one length: addresses are part of the text, and its length decides where a part ends.
    undisturbed, requests = _life(tmp_path / "whole", None, first=first)
    assert requests >= 6
    for cut in range(requests):
        repeated, _ = _life(tmp_path / f"{cut:05}", cut, first=first)
        assert repeated == undisturbed, f"cut at request {cut}"


def test_a_lost_answer_opens_no_second_issue(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    state.faults.append(Fault("POST", "/issues", done=True))
    assert sweep("--publish") == 0
    assert len(state.issues) == 1


def test_two_sweeps_at_once_lose_nothing_and_open_one_issue(state: State) -> None:
    command = [sys.executable, "-m", "gitops_guard", "sweep", "--publish", "--output", "/dev/null"]
    running = [subprocess.Popen(command, cwd=state.path, stderr=subprocess.PIPE) for _ in range(3)]
    codes = [(one.communicate()[1], one.returncode) for one in running]
    assert [code for _, code in codes] == [0, 0, 0], codes
    assert [one["state"] for one in state.issues].count("open") == 1
    assert git(state.path, "rev-list", "--count", BRANCH) == "1"


def test_sarif_is_uploaded_within_limits(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep("--upload-sarif", "--category", "nightly") == 0
    (sent,) = state.sarifs
    (run,) = sent["document"]["runs"]
    assert run["automationDetails"]["id"] == "gitops-guard/nightly/"
    assert len(run["results"]) == 20
    assert sent["commit"] == state.sha("main")
    assert "SARIF nightly: complete" in capsys.readouterr().err


def test_sarif_of_shards_has_a_category_each(state: State, tmp_path: Path) -> None:
    commit(state.path, {"more/c.yaml": POD.format(name="c")})
    shards = [str(tmp_path / f"{number}.shard") for number in (1, 2, 3)]
    for number, shard in enumerate(shards, 1):
        main(["sweep", "--shard", f"{number}/3", "--output", shard])
    assert main(["merge", *shards, "--upload-sarif", "--output", "/dev/null"]) == 0
    runs = [sent["document"]["runs"][0] for sent in state.sarifs]
    assert [run["automationDetails"]["id"] for run in runs] == [f"gitops-guard/{n}-of-3/" for n in (1, 2, 3)]
    assert sum(len(run["results"]) for run in runs) == 29


def test_sarif_above_the_limit_keeps_the_most_severe(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gitops_guard.sweeping.sarif.SHOWN", 3)
    sweep("--upload-sarif")
    levels = [result["level"] for result in state.sarifs[0]["document"]["runs"][0]["results"]]
    assert len(levels) == 3
    assert levels[:2] == ["error", "error"]
    assert "the 3 most severe of 20 results" in capsys.readouterr().err


def test_code_scanning_that_is_off_is_said_once_and_no_failure(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    state.code_scanning = False
    assert sweep("--upload-sarif", "--publish") == 0
    assert capsys.readouterr().err.count("Advanced Security must be enabled") == 1


def test_an_incomplete_sweep_uploads_nothing(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    commit(state.path, {"broken.yaml": "apiVersion: v1\nkind: Pod\nmetadata: [\n"})
    sweep("--upload-sarif")
    assert state.sarifs == []
    assert "not complete" in capsys.readouterr().err


def test_the_token_is_in_no_argument_of_git(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "argv"
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    real = git(state.path, "--exec-path") + "/git"
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {seen}\nexec {real} "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    sweep("--publish")
    assert "push" in seen.read_text()
    assert TOKEN not in seen.read_text()


def ticked(body: str, rule: str) -> str:
    box = f"<!-- gitops-guard:fix={rule.lower()} -->"
    assert f"- [ ] {box}" in body
    return body.replace(f"- [ ] {box}", f"- [x] {box}")


def test_a_ticked_box_opens_a_pull_request_with_the_proved_fixes(state: State) -> None:
    sweep("--publish")
    issue(state)["body"] = ticked(issue(state)["body"], "GG-POD-001")
    sweep("--publish")
    ((number, pull),) = state.pulls.items()
    assert pull.head == "gitops-guard/fix/gg-pod-001"
    diff = git(state.path, "diff", "main", pull.head)
    assert diff.count("\n-        privileged: true\n+        privileged: false") == 2
    assert "`@acme/payments`" in state.detail(number)["body"]
    assert f"- #{number}: `GG-POD-001`" in issue(state)["body"]
    assert "fix=gg-pod-001" not in issue(state)["body"]
    before = len(state.requests)
    sweep("--publish")
    assert changes(state, before) == []


def test_a_pull_request_that_is_merged_leaves_the_list_and_one_that_is_closed_leaves_a_box(state: State) -> None:
    sweep("--publish")
    issue(state)["body"] = ticked(ticked(issue(state)["body"], "GG-POD-001"), "GG-POD-010")
    sweep("--publish")
    merged, closed = sorted(state.pulls)
    git(state.path, "merge", "-q", state.pulls[merged].head)
    state.detail(merged)["state"] = state.detail(closed)["state"] = "closed"
    sweep("--publish")
    assert "Privileged container" not in issue(state)["body"]
    assert "- [ ] <!-- gitops-guard:fix=gg-pod-010 -->" in issue(state)["body"]
    assert len(state.pulls) == 2


def test_a_partial_sweep_closes_no_fix_pull_request(state: State) -> None:
    sweep("--publish")
    issue(state)["body"] = ticked(issue(state)["body"], "GG-POD-001")
    sweep("--publish")
    (number,) = state.pulls
    broken = "apiVersion: v1\nkind: Pod\nmetadata: [\n"
    commit(state.path, {"apps/a.yaml": broken, "apps/b.yaml": broken})
    sweep("--publish")
    assert state.detail(number)["state"] == "open"
    commit(state.path, {"apps/a.yaml": None, "apps/b.yaml": None})
    sweep("--publish")
    assert state.detail(number)["state"] == "closed"


def test_the_configuration_opens_what_is_safe_and_boxes_ask_for_the_rest(state: State) -> None:
    dockerfile = "FROM debian:12.1\nRUN apt-get update && apt-get install -y curl\nUSER 1000\n"
    configuration = "fail_level: none\nfix_pull_requests: {group_by: family, limit: 3}\n"
    commit(state.path, {".gitops-guard.yaml": configuration, "web/Dockerfile": dockerfile})
    sweep("--publish")
    assert [pull.head for pull in state.pulls.values()] == ["gitops-guard/fix/dkr"]
    body = issue(state)["body"]
    assert "- #1: `DKR`" in body
    (box,) = re.findall(r"- \[ \] <!-- gitops-guard:fix=(pod-review-[0-9a-f]{8}) -->`POD`", body)
    issue(state)["body"] = body.replace(
        f"- [ ] <!-- gitops-guard:fix={box} -->", f"- [x] <!-- gitops-guard:fix={box} -->"
    )
    sweep("--publish")
    assert [pull.head for pull in state.pulls.values()][1:] == [f"gitops-guard/fix/{box}"]
    assert "privileged: false" in git(state.path, "diff", "main", f"gitops-guard/fix/{box}")
    before = len(state.requests)
    sweep("--publish")
    assert changes(state, before) == []
