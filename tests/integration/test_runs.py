"""What a run tells GitHub beside the conversation: check runs, annotations, the job's page; and where it may start."""

import json
import re
import subprocess

import pytest

from github_standin.git_server import serving
from github_standin.state import Fault, State
from gitops_guard import change_report, runner
from gitops_guard.cli import main
from gitops_guard.github.instance import instance_key
from integration.life import PRIVILEGED, TOKEN, Life, commit, git, life, outside_code

__all__ = ["life"]


def writes(state: State) -> list[tuple[str, str]]:
    return [(method, path) for method, path in state.requests if method != "GET" and "check-runs" in path]


def test_a_pull_request_gets_a_check_run_with_annotations(life: Life) -> None:
    assert main(["pr", "--offline"]) == 1
    (run,) = life.state.check_runs
    assert (run["status"], run["conclusion"], run["head_sha"]) == ("completed", "failure", life.state.sha("change"))
    assert run["external_id"] == "gitops-guard:" + instance_key({"GITHUB_WORKFLOW": "review", "GITHUB_JOB": "guard"})
    marked = {(one["path"], one["annotation_level"]) for one in run["annotations"]}
    assert ("new.yaml", "failure") in marked
    assert all(one["path"] == "new.yaml" and one["start_line"] >= 1 for one in run["annotations"])
    assert "### " not in run["output"]["title"]
    assert "new problems" in life.summary.read_text()


def test_the_same_commit_again_writes_nothing(life: Life) -> None:
    main(["pr", "--offline"])
    life.state.requests.clear()
    main(["pr", "--offline"])
    assert writes(life.state) == []
    assert len(life.state.check_runs) == 1
    assert len(life.state.requests) <= 4
    assert {method for method, path in life.state.requests if path != "/graphql"} == {"GET"}


def test_another_job_has_a_check_run_of_its_own(life: Life) -> None:
    main(["pr", "--offline"])
    life.environment(**{"INPUT_COMMENT-KEY": "eu"})
    main(["pr", "--offline"])
    life.environment(GITHUB_JOB="other", **{"INPUT_COMMENT-KEY": ""})
    main(["pr", "--offline"])
    assert [run["name"] for run in life.state.check_runs] == ["gitops-guard", "gitops-guard (eu)", "gitops-guard"]
    assert len({run["external_id"] for run in life.state.check_runs}) == 3


def many(life: Life, number: int) -> None:
    commit(life.path, {f"apps/{n}.yaml": PRIVILEGED.format(name=f"app{n}") for n in range(number)})
    life.pull_request()


def test_many_annotations_come_in_batches_and_complete_once(life: Life) -> None:
    many(life, 20)
    main(["pr", "--offline"])
    (run,) = life.state.check_runs
    total = len(run["annotations"])
    assert total > 100
    sent = writes(life.state)
    assert [method for method, _ in sent] == ["POST"] + ["PATCH"] * (-(-total // 50) - 1)
    assert run["conclusion"] == "failure"


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_lost_answer_doubles_no_annotation(life: Life, method: str, *, done: bool) -> None:
    many(life, 20)
    ends = "/check-runs" if method == "POST" else f"/check-runs/{life.state._last + 1}"
    life.state.faults = [Fault(method, ends, done=done)]
    life.environment(GITHUB_TOKEN=TOKEN)
    main(["pr", "--offline"])
    (run,) = life.state.check_runs
    keys = [json.dumps(one) for one in run["annotations"]]
    assert len(keys) == len(set(keys)) > 100
    assert (run["status"], run["conclusion"]) == ("completed", "failure")


def test_a_run_that_died_is_continued_where_it_stopped(life: Life) -> None:
    many(life, 20)
    main(["pr", "--offline"])
    (run,) = life.state.check_runs
    whole = list(run["annotations"])
    run["annotations"][50:] = []
    run |= {"status": "in_progress", "conclusion": None}
    main(["pr", "--offline"])
    (run,) = life.state.check_runs
    assert run["annotations"] == whole
    assert run["conclusion"] == "failure"


def test_a_batch_that_is_refused_leaves_no_run_open(life: Life, capfd: pytest.CaptureFixture[str]) -> None:
    many(life, 20)
    life.state.faults = [Fault("PATCH", "", status=422, message="Invalid path")]
    assert main(["pr", "--offline"]) == 1
    (run,) = life.state.check_runs
    assert (run["status"], run["conclusion"], len(run["annotations"])) == ("completed", "failure", 50)
    shown = capfd.readouterr()
    assert "no check run" in shown.err
    assert "::error file=" in shown.out
    main(["pr", "--offline"])
    (run,) = life.state.check_runs
    assert len(run["annotations"]) > 100


def test_a_name_cannot_pass_for_the_mark_of_a_check_run(life: Life) -> None:
    name = f"<!-- gitops-guard:check={'0' * 16}.{'0' * 16} -->.yaml"
    commit(life.path, {name: PRIVILEGED.format(name="evil")})
    life.pull_request()
    main(["pr", "--offline"])
    life.state.requests.clear()
    main(["pr", "--offline"])
    assert writes(life.state) == []


def test_other_annotations_on_the_same_commit_make_a_new_run(life: Life) -> None:
    main(["pr", "--offline"])
    life.state.check_runs[0]["annotations"].append(life.state.check_runs[0]["annotations"][0])
    main(["pr", "--offline"])
    assert len(life.state.check_runs) == 2


@pytest.mark.parametrize(
    ("files", "level", "conclusion"),
    [
        ({"new.yaml": PRIVILEGED.format(name="other")}, "none", "neutral"),
        ({"new.yaml": "a: 1\n"}, "high", "success"),
        ({"new.yaml": "apiVersion: v1\nkind: [\n"}, "critical", "failure"),
        ({"new.yaml": "apiVersion: v1\nkind: [\n"}, "none", "neutral"),
    ],
    ids=["never fails", "nothing found", "unreadable", "unreadable and never fails"],
)
def test_the_conclusion_follows_the_fail_level(life: Life, files: dict[str, str], level: str, conclusion: str) -> None:
    commit(life.path, files)
    life.pull_request()
    main(["pr", "--offline", "--fail-level", level])
    assert life.state.check_runs[-1]["conclusion"] == conclusion


def test_a_scan_that_fails_is_told_and_touches_no_comment(life: Life) -> None:
    main(["pr", "--offline"])
    comments = json.dumps([life.state.review_comments, life.state.issue_comments])
    git(life.path, "checkout", "-q", "main")
    commit(life.path, {".gitops-guard.yaml": "fail_levell: <!-- @acme/team -->\n"})
    git(life.path, "checkout", "-q", "change")
    git(life.path, "merge", "-q", "--no-edit", "main")
    commit(life.path, {"x.yaml": "a: 1\n"})
    life.pull_request()
    assert main(["pr", "--offline"]) == 2
    run = life.state.check_runs[-1]
    assert (run["conclusion"], run["output"]["title"]) == ("failure", "the scan failed")
    assert json.dumps([life.state.review_comments, life.state.issue_comments]) == comments
    assert "the scan failed" in life.summary.read_text()


def test_without_the_right_the_log_is_annotated(life: Life, capfd: pytest.CaptureFixture[str]) -> None:
    life.state.add_token(TOKEN, contents="read", pull_requests="write", issues="write")
    life.environment(**{runner.MARKER: "feed"})
    assert main(["pr", "--offline"]) == 1
    shown = capfd.readouterr()
    assert "no check run" in shown.err
    lines = shown.out.splitlines()
    first, last = lines.index("::feed::"), lines.index("::stop-commands::feed")
    inside = lines[first + 1 : last]
    assert inside
    assert all(
        re.match(r"::(error|warning|notice) file=new\.yaml,line=\d+,endLine=\d+,title=", line) for line in inside
    )
    assert not [line for line in (*lines[:first], *lines[last + 1 :]) if line.startswith("::")]
    assert life.state.check_runs == []


def test_the_log_gets_ten_of_each_kind(life: Life, capfd: pytest.CaptureFixture[str]) -> None:
    many(life, 20)
    life.state.add_token(TOKEN, contents="read", pull_requests="write", issues="write")
    main(["pr", "--offline"])
    shown = capfd.readouterr()
    kinds = [line.split()[0] for line in shown.out.splitlines() if line.startswith("::")]
    assert 0 < kinds.count("::error") <= 10
    assert max(kinds.count(kind) for kind in kinds) == 10
    assert "the log shows no more of a step" in shown.err


def test_a_merge_group_gets_a_check_run_and_nothing_else(life: Life) -> None:
    group = {
        "head_ref": "refs/heads/gh-readonly-queue/main/pr-1-abc",
        "base_ref": "refs/heads/main",
        "base_sha": life.state.sha("main"),
        "head_sha": life.state.sha("change"),
    }
    life.event("merge_group", {"action": "checks_requested", "merge_group": group})
    assert main(["pr", "--offline"]) == 1
    assert [run["head_sha"] for run in life.state.check_runs] == [life.state.sha("change")]
    assert life.state.review_comments == life.state.issue_comments == []
    assert not [path for _, path in life.state.requests if "/pulls" in path or "/issues" in path]
    life.event("merge_group", {"merge_group": group | {"head_ref": "refs/heads/other"}})
    assert main(["pr", "--offline"]) == 2


@pytest.mark.parametrize(("drafts", "comments"), [("review", True), ("check", False)])
def test_drafts(life: Life, drafts: str, *, comments: bool) -> None:
    life.pull_request(draft=True)
    assert main(["pr", "--offline", "--drafts", drafts]) == 1
    assert bool(life.state.review_comments) is comments
    assert len(life.state.check_runs) == 1
    assert ("is a draft" in life.summary.read_text()) is not comments


def test_a_part_of_a_monorepo(life: Life) -> None:
    commit(
        life.path, {"teams/a/pod.yaml": PRIVILEGED.format(name="a"), "teams/b/pod.yaml": PRIVILEGED.format(name="b")}
    )
    life.pull_request()
    main(["pr", "--offline", "teams/a"])
    assert {comment["path"] for comment in life.state.review_comments} == {"teams/a/pod.yaml"}
    assert {one["path"] for one in life.state.check_runs[0]["annotations"]} == {"teams/a/pod.yaml"}


def test_the_policy_of_the_base_counts_and_that_is_said(life: Life) -> None:
    policy = "fail_level: none\nexclude: [new.yaml]\n"
    commit(life.path, {".gitops-guard.yaml": policy, "CODEOWNERS": "* @me\n", ".github/workflows/ci.yml": "on: push\n"})
    life.pull_request()
    assert main(["pr", "--offline"]) == 1
    assert life.state.review_comments
    said = life.state.issue_comments[0]["body"]
    assert "touches the policy that judges it" in said
    assert all(f"`{name}`" in said for name in (".gitops-guard.yaml", "CODEOWNERS", ".github/workflows/ci.yml"))


@pytest.mark.parametrize("lacking", ["base", "head and base"])
def test_a_shallow_clone_gets_just_the_commits_it_lacks(
    life: Life, lacking: str, capfd: pytest.CaptureFixture[str]
) -> None:
    git(life.path, "checkout", "-q", "main")
    commit(life.path, {"later.yaml": PRIVILEGED.format(name="later")})
    git(life.path, "checkout", "-q", "change")
    commit(life.path, {"more.yaml": "a: 1\n"})
    life.pull_request()
    clone = life.folder / "clone"
    branch = "change" if lacking == "base" else "main"
    git(life.folder, "clone", "-q", "--depth=1", "--branch", branch, f"file://{life.path}", str(clone))
    git(clone, "config", f"http.{'http://127.0.0.1'}/.extraheader", "Authorization: Basic stale")
    with serving(life.path, "acme/shop", TOKEN) as server:
        life.environment(GITHUB_WORKSPACE=str(clone), GITHUB_SERVER_URL=server.url)
        git(clone, "config", f"http.{server.url}/.extraheader", "Authorization: Basic stale")
        assert main(["pr", "--offline"]) == 1
        assert server.refused == 0
    assert {comment["path"] for comment in life.state.review_comments} == {"new.yaml"}
    assert int(git(clone, "rev-list", "--all", "--count")) <= 3
    shown = capfd.readouterr()
    assert "fetched " in shown.err
    assert TOKEN not in shown.err + shown.out
    assert TOKEN not in "".join(p.read_text("utf-8", "replace") for p in (clone / ".git").rglob("*") if p.is_file())


def test_a_shallow_clone_that_cannot_fetch_says_the_line_to_add(life: Life, capfd: pytest.CaptureFixture[str]) -> None:
    clone = life.folder / "clone"
    git(life.folder, "clone", "-q", "--depth=1", "--branch", "change", f"file://{life.path}", str(clone))
    life.environment(GITHUB_WORKSPACE=str(clone), GITHUB_SERVER_URL="http://127.0.0.1:9")
    assert main(["pr", "--offline"]) == 2
    assert "fetch-depth: 0" in capfd.readouterr().err
    assert life.state.check_runs[-1]["conclusion"] == "failure"
    assert life.state.review_comments == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"pull_request": {}}', '{"pull_request": null}', '{"pull_request": {"number"'],
)
@pytest.mark.parametrize("name", ["pull_request", "merge_group"])
def test_event_files_that_are_something_else(
    life: Life, name: str, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    life.event(name, text)
    assert main(["pr"]) == 2
    shown = capfd.readouterr().err
    assert "Traceback" not in shown
    assert "event file" in shown
    assert [request for request in life.state.requests if request[0] != "GET"] == []


@pytest.mark.parametrize("name", ["push", "schedule", "issue_comment", "pull_request_target", ""])
def test_other_events_are_refused(life: Life, name: str) -> None:
    life.environment(GITHUB_EVENT_NAME=name)
    assert main(["pr"]) == 2
    assert life.state.requests == []


def test_a_missing_event_file(life: Life, capfd: pytest.CaptureFixture[str]) -> None:
    life.environment(GITHUB_EVENT_PATH=str(life.folder / "none.json"))
    assert main(["pr"]) == 2
    assert "cannot be read" in capfd.readouterr().err


HOSTILE = [
    "a\nb.yaml",
    "`id`.yaml",
    "::set-output name=x::y.yaml",
    "x\n::error::forged.yaml",
    "@acme/team.yaml",
    "<!-- gitops-guard:summary -->.yaml",
    "\u202elmay.exe.yaml",
    "a,line=1%0A::error::x.yaml",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_open_nothing(life: Life, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    commit(life.path, {name: PRIVILEGED.format(name="evil")})
    life.pull_request()
    life.environment(**{runner.MARKER: "feed"})
    life.state.add_token(TOKEN, contents="read", pull_requests="write", issues="write")
    assert main(["pr", "--offline", "--report", f"patch={life.folder}/p", "--report", f"sarif={life.folder}/s"]) == 1
    lines = capfd.readouterr().out.splitlines()
    commands = [line for line in lines if line.startswith("::")]
    allowed = re.compile(
        r"::(error|warning|notice) file=[^,:\r\n]*,line=\d+,endLine=\d+,title=[^:,\r\n]*::|::feed::$|::stop"
    )
    assert all(allowed.match(line) for line in commands)
    texts = [life.summary.read_text(), *(comment["body"] for comment in life.state.issue_comments)]
    for text in texts:
        prose = outside_code(text)
        assert "@acme/team" not in prose
        assert "\u202e" not in text
        assert prose.count("<!-- gitops-guard:summary") == text.startswith("<!-- gitops-guard:summary")
    subprocess.run(["git", "apply", "--check", str(life.folder / "p")], cwd=life.path, check=True)


def test_a_path_of_four_thousand_characters(life: Life) -> None:
    folder = "/".join(["d" * 200] * 19)
    blob = git(life.path, "hash-object", "-w", "new.yaml")
    git(life.path, "update-index", "--add", "--cacheinfo", f"100644,{blob},{folder}/pod.yaml")
    git(life.path, "commit", "-qm", "deep")
    life.pull_request()
    assert main(["pr", "--offline"]) == 1
    assert any(one["path"].startswith("dd") for one in life.state.check_runs[0]["annotations"])


def test_under_the_action_a_plain_check_annotates_and_fills_the_page(
    life: Life, capfd: pytest.CaptureFixture[str]
) -> None:
    life.environment(GITHUB_EVENT_NAME="push", **{runner.MARKER: "feed"})
    assert main(["check", "--offline"]) == 1
    lines = capfd.readouterr().out.splitlines()
    assert [line for line in lines[lines.index("::feed::") :] if line.startswith("::error file=new.yaml")]
    assert "gitops-guard: " in life.summary.read_text()
    assert life.state.requests == []


def test_one_patch_of_all_fixes_applies_and_settles_them(life: Life) -> None:
    many(life, 3)
    target = life.folder / "all.patch"
    assert main(["pr", "--offline", "--report", f"patch={target}"]) == 1
    git(life.path, "apply", str(target))
    assert "privileged: false" in (life.path / "apps/0.yaml").read_text()
    git(life.path, "commit", "-qam", "apply")
    life.pull_request()
    assert main(["pr", "--offline"]) == 0


def test_only_so_many_files_have_their_fixes_proved(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_report, "PROVED_FILES", 2)
    many(life, 4)
    target = life.folder / "report.json"
    main(["pr", "--offline", "--report", f"json={target}"])
    fixes = {f["path"]: f["fix"] for f in json.loads(target.read_text())["findings"] if f["rule_id"] == "GG-POD-001"}
    assert len(fixes) == 5
    assert sum(fix["patch"] is not None for fix in fixes.values()) == 2
    assert sum(fix["refused"].startswith("not proved here") for fix in fixes.values()) == 3
