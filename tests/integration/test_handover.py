"""A pull request from a fork: scanned without rights, handed over as data, posted by a run that believes none of it."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from github_standin.state import PullRequest
from gitops_guard.cli import main
from gitops_guard.schemas import schema_text
from integration.life import PRIVILEGED, READER, TOKEN, Life, commit, git, life, outside_code

__all__ = ["life"]
FORK = "mallory/shop"
Json = dict[str, Any]


@pytest.fixture
def scanned(life: Life) -> Path:
    """The folder that the run of a fork's pull request left."""
    life.state.pulls[1] = PullRequest(1, "main", "change", head_repository=FORK)
    life.pull_request(FORK)
    life.environment(GITHUB_TOKEN=READER)
    folder = life.folder / "artifact"
    assert main(["pr", "--offline", "--artifact-dir", str(folder)]) == 1
    assert [request for request in life.state.requests if request[0] != "GET"] == []
    return folder


def follow(life: Life, **changes: object) -> None:
    """The event of a finished run of the fork's pull request, with all rights."""
    run = {
        "id": 77,
        "event": "pull_request",
        "head_sha": life.state.sha("change"),
        "head_branch": "change",
        "head_repository": {"full_name": FORK},
        "pull_requests": [],
        **changes,
    }
    life.event("workflow_run", {"action": "completed", "workflow_run": run, "repository": {"full_name": "acme/shop"}})
    life.environment(GITHUB_TOKEN=TOKEN, GITHUB_WORKFLOW="post", GITHUB_JOB="post")
    life.state.requests.clear()


def posted(life: Life) -> list[str]:
    return [comment["body"] for comment in (*life.state.review_comments, *life.state.issue_comments)]


def written(life: Life) -> list[tuple[str, str]]:
    return [request for request in life.state.requests if request[0] != "GET" and request[1] != "/graphql"]


def test_the_run_of_a_fork_explains_itself(capfd: pytest.CaptureFixture[str], life: Life, scanned: Path) -> None:
    said = life.summary.read_text()
    assert "Nothing is posted by this run" in said
    assert "a fork" in said
    assert "new problems" in said
    assert "::error file=new.yaml" in capfd.readouterr().out
    assert sorted(path.name for path in scanned.iterdir()) == ["gitops-guard.json", "gitops-guard.patch"]


def test_dependabot_is_handed_over_too(life: Life) -> None:
    life.pull_request(user={"login": "dependabot[bot]"})
    life.environment(GITHUB_TOKEN=READER)
    assert main(["pr", "--offline", "--artifact-dir", str(life.folder / "a")]) == 1
    assert "comes from Dependabot" in life.summary.read_text()
    assert (life.folder / "a/gitops-guard.json").exists()


def test_dependabot_posts_where_the_workflow_asks_for_the_right(life: Life) -> None:
    life.pull_request(user={"login": "dependabot[bot]"})
    assert main(["pr", "--offline", "--artifact-dir", str(life.folder / "a")]) == 1
    assert life.state.review_comments
    assert life.state.check_runs
    assert not (life.folder / "a").exists()


def test_the_draft_of_a_fork_is_not_handed_over_yet(life: Life) -> None:
    life.pull_request(FORK, draft=True)
    life.environment(GITHUB_TOKEN=READER)
    assert main(["pr", "--offline", "--artifact-dir", str(life.folder / "a"), "--drafts", "check"]) == 1
    assert not (life.folder / "a").exists()
    assert "is a draft" in life.summary.read_text()


def test_without_a_folder_the_refusal_is_explained(life: Life) -> None:
    life.pull_request(FORK)
    life.environment(GITHUB_TOKEN=READER)
    assert main(["pr", "--offline"]) == 1
    assert "Nothing could be posted" in life.summary.read_text()
    assert "artifact-dir" in life.summary.read_text()


def test_with_the_rights_no_artifact_is_made(life: Life) -> None:
    assert main(["pr", "--offline", "--artifact-dir", str(life.folder / "a")]) == 1
    assert not (life.folder / "a").exists()
    assert life.state.review_comments


def test_the_artifact_fits_its_schema_and_holds_no_markdown(scanned: Path) -> None:
    schema = json.loads(schema_text("artifact"))
    Draft202012Validator.check_schema(schema)
    text = (scanned / "gitops-guard.json").read_text()
    Draft202012Validator(schema).validate(json.loads(text))
    assert "<!--" not in text
    assert "```" not in text


def test_what_is_posted_equals_what_a_run_with_rights_posts(life: Life, scanned: Path) -> None:
    follow(life)
    assert main(["post", str(scanned)]) == 0
    (comment,) = life.state.review_comments
    assert comment["path"] == "new.yaml"
    suggestion = re.findall(r"(?s)```suggestion\n(.*?)\n```", comment["body"])
    assert len(suggestion) == 1
    assert "a claim of the scan" in comment["body"]
    (summary,) = life.state.issue_comments
    assert "https://github.com/acme/shop/actions/runs/77" in summary["body"]
    assert life.state.check_runs == []
    place = (comment["line"], comment["start_line"])
    life.state.review_comments.clear()
    life.state.issue_comments.clear()
    life.pull_request()
    life.environment(GITHUB_WORKFLOW="post", GITHUB_JOB="post")
    main(["pr", "--offline"])
    (direct,) = life.state.review_comments
    assert (direct["line"], direct["start_line"]) == place
    assert re.findall(r"(?s)```suggestion\n(.*?)\n```", direct["body"]) == suggestion


def test_a_second_time_changes_nothing(life: Life, scanned: Path) -> None:
    follow(life)
    main(["post", str(scanned)])
    before = json.dumps(posted(life))
    follow(life)
    assert main(["post", str(scanned)]) == 0
    assert written(life) == []
    assert json.dumps(posted(life)) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"head_sha": "f" * 40},
        {"head_branch": "other"},
        {"head_repository": {"full_name": "somebody/shop"}},
        {"head_repository": None},
    ],
    ids=["moved on", "another branch", "another repository", "deleted"],
)
def test_only_the_pull_request_of_the_run_is_posted_to(life: Life, scanned: Path, changes: Json) -> None:
    tamper(scanned, lambda value: value.update(head_sha=changes.get("head_sha", value["head_sha"])))
    follow(life, **changes)
    assert main(["post", str(scanned)]) == 0
    assert posted(life) == []
    assert written(life) == []
    assert "nothing is posted" in life.summary.read_text()


def test_a_push_since_then_means_nothing_is_posted(life: Life, scanned: Path) -> None:
    follow(life)
    commit(life.path, {"more.yaml": "a: 1\n"})
    assert main(["post", str(scanned)]) == 0
    assert posted(life) == []


def test_several_pull_requests_of_one_head_are_not_guessed_at(
    life: Life, scanned: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    git(life.path, "branch", "release", "main")
    life.state.pulls[2] = PullRequest(2, "release", "change", head_repository=FORK)
    follow(life)
    assert main(["post", str(scanned)]) == 3
    assert posted(life) == []
    assert "several pull requests" in capfd.readouterr().err


@pytest.mark.parametrize("kind", ["push", "schedule", "pull_request_target", 7, None])
def test_runs_of_other_events_are_refused(life: Life, scanned: Path, kind: object) -> None:
    follow(life, event=kind)
    assert main(["post", str(scanned)]) == 2
    assert life.state.requests == []


@pytest.mark.parametrize("name", ["pull_request", "push", "pull_request_target", "issue_comment", ""])
def test_post_runs_on_workflow_run_only(life: Life, scanned: Path, name: str) -> None:
    life.environment(GITHUB_EVENT_NAME=name)
    assert main(["post", str(scanned)]) == 2


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "{}", '{"workflow_run": null}', '{"workflow_run": {"event": "pull_request"}}']
)
def test_event_files_that_are_something_else(life: Life, scanned: Path, text: str) -> None:
    life.event("workflow_run", text)
    assert main(["post", str(scanned)]) == 2


def tamper(folder: Path, change: Callable[[Json], object]) -> None:
    file = folder / "gitops-guard.json"
    value = json.loads(file.read_text())
    change(value)
    file.write_text(json.dumps(value))


TAMPERED: dict[str, Callable[[Json], object]] = {
    "a field more": lambda v: v.update(pull_request=2),
    "a field less": lambda v: v.pop("findings"),
    "another version": lambda v: v.update(schema_version="2.0"),
    "another commit": lambda v: v.update(head_sha="e" * 40),
    "no commit": lambda v: v.update(head_sha="HEAD"),
    "a rule that is none": lambda v: v["findings"][0].update(rule_id="GG-XXX-999"),
    "markdown for a rule": lambda v: v["findings"][0].update(rule_id="[x](https://evil.example)"),
    "too many findings": lambda v: v.update(findings=v["findings"] * 500),
    "a number for a text": lambda v: v["findings"][0].update(message=5),
    "a text for a number": lambda v: v.update(findings_left_out="5"),
    "a huge number": lambda v: v.update(findings_left_out=10**300),
    "a negative line": lambda v: v["findings"][0].update(start=[-1, 1]),
    "true for a line": lambda v: v["findings"][0].update(start=[True, 1]),
    "a far line": lambda v: v["findings"][0].update(start=[10**9, 1]),
    "a long message": lambda v: v["findings"][0].update(message="x" * 2001),
    "a patch that is not there": lambda v: v["findings"][0].update(
        fix={"title": "", "safety": "safe", "note": "", "refused": "", "patch": 150}
    ),
    "a safety that is none": lambda v: v["patches"][0].update(safety="proved"),
    "proof of its own": lambda v: v["patches"][0].update(proof=["trust me"]),
    "a status of the other list": lambda v: v["findings"][0].update(status="fixed"),
    "a comment ready made": lambda v: v["findings"][0].update(body="<!-- gitops-guard -->"),
    "a far edit": lambda v: v["patches"][0].update(edit={"path": "a", "first": 10**8, "before": [], "after": []}),
    "many lines": lambda v: v["patches"][0].update(edit={"path": "a", "first": 1, "before": [], "after": ["x"] * 201}),
    "deep": lambda v: v.update(findings=json.loads("[" * 500 + "]" * 500)),
    "a fingerprint of markup": lambda v: v["findings"][0].update(fingerprint="--><img>"),
    "a path that climbs": lambda v: v["findings"][0].update(path="../../../mallory/shop"),
    "an absolute path": lambda v: v["findings"][0].update(path="//evil.example"),
    "a million scanned files": lambda v: v["coverage"].update(scanned=10**7),
    "null": lambda v: v.update(comparison=None),
}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_artifact_is_refused_as_a_whole(
    life: Life, scanned: Path, change: Callable[[Json], object], capfd: pytest.CaptureFixture[str]
) -> None:
    tamper(scanned, change)
    follow(life)
    capfd.readouterr()
    assert main(["post", str(scanned)]) == 3
    assert written(life) == []
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert "evil.example" not in said


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"NaN",
        b"null",
        b'{"a": 1, "a": 2}',
        b" " * (8 * 1024 * 1024 + 1),
        b"1" * 5000,
        b'{"head_sha": "\\ud800"}',
    ],
    ids=["empty", "bytes", "deep", "NaN", "null", "twice", "large", "long number", "surrogate"],
)
def test_other_bytes_are_refused(life: Life, scanned: Path, raw: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    (scanned / "gitops-guard.json").write_bytes(raw)
    follow(life)
    assert main(["post", str(scanned)]) == 3
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "nothing"])
def test_only_a_plain_file_is_read(life: Life, scanned: Path, kind: str) -> None:
    file = scanned / "gitops-guard.json"
    kept = file.rename(scanned / "kept.json")
    match kind:
        case "link":
            file.symlink_to(kept)
        case "pipe":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
    follow(life)
    assert main(["post", str(scanned)]) == 3
    assert written(life) == []


EVIL = (
    "@acme/team #1 <!-- gitops-guard:summary --> <img src=https://evil.example/x.png> ![x](https://evil.example/y) "
    "[click](https://evil.example) https://evil.example/z www.evil.example <script>x</script> </details> ``` `` ` | "
    "\u202eabc\u2066 &lt; $x$ acme/shop#2 GH-3 [a]: https://evil.example"
)


def everywhere(value: Any, words: str) -> Any:
    """The same document with a text put into every field where the schema would let it pass."""
    if isinstance(value, list):
        return [everywhere(one, words) for one in value]
    if not isinstance(value, dict):
        return value
    free = (
        "message",
        "reason",
        "title",
        "note",
        "refused",
        "owner",
        "ticket",
        "where",
        "detail",
        "suppressed_by",
        "kind",
    )
    named = ("kind", "name", "namespace", "container", "api_version", "configuration", "base", "stem")
    texts = {name for name in (*free, *named) if isinstance(value.get(name), str)}
    return {name: words if name in texts else everywhere(one, words) for name, one in value.items()}


@pytest.mark.parametrize(
    "words", [EVIL, EVIL.replace(" ", "\n"), EVIL.replace(" ", "\r"), "\n\n" + EVIL, "```\n" + EVIL]
)
def test_texts_of_a_forged_artifact_stay_texts(life: Life, scanned: Path, words: str) -> None:
    file = scanned / "gitops-guard.json"
    value = everywhere(json.loads(file.read_text()), words)
    for finding in value["findings"]:
        finding["controls"] = [words[:100], *finding["controls"]]
    value["coverage"]["failed"] = [{"path": words, "reason": words}]
    value["coverage"]["skipped"] = [{"path": words, "reason": words}]
    value["comparison"]["policy_files"] = [words]
    value["skipped_rules"] = [{"rule_id": "GG-POD-001", "reason": words}]
    waiver = {"where": words, "owner": words, "ticket": words[:200], "expires": "", "detail": words}
    value["waivers"] = [{"rule_id": words[:100], "state": "void", **waiver, "owner": words[:200]}]
    value["findings"].append(value["findings"][0] | {"status": "waived"})
    for patch in value["patches"]:
        patch["diff"] = words
    file.write_text(json.dumps(value))
    Draft202012Validator(json.loads(schema_text("artifact"))).validate(value)
    follow(life)
    assert main(["post", str(scanned)]) == 0
    assert posted(life)
    for body in posted(life):
        assert "\u202e" not in body
        assert_harmless(body)


def assert_harmless(body: str) -> None:
    first, _, rest = body.partition("\n")
    assert first.startswith("<!-- gitops-guard:")
    prose = outside_code(rest)
    assert "<!--" not in prose
    assert set(re.findall(r"</?([a-z0-9]+)", prose)) <= ALLOWED
    links = re.findall(r'(?:href|src)="([^"]*)"', prose)
    assert all(link.startswith("https://github.com/acme/shop/") for link in links)
    assert not re.search(r"(?<![\w`])@\w", prose)
    assert not re.search(r"(?:https?://|(?<!\w)www\.)(?!github\.com/acme/shop/)", re.sub(r'href="[^"]*"', "", prose))
    assert not re.search(r"(?<!&)#\d|\bGH-\d", prose)


ALLOWED = {
    *("a", "p", "h2", "h3", "strong", "em", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "br", "hr"),
    *("code", "pre", "details", "summary", "sub", "blockquote"),
}


def test_a_forged_place_outside_the_diff_gets_no_comment(life: Life, scanned: Path) -> None:
    def move(value: Json) -> None:
        for finding in value["findings"]:
            finding["path"] = "old.yaml"
        for patch in value["patches"]:
            if patch["edit"]:
                patch["edit"]["path"] = "old.yaml"

    tamper(scanned, move)
    follow(life)
    assert main(["post", str(scanned)]) == 0
    assert life.state.review_comments == []


def test_a_suggestion_with_hidden_characters_is_not_made(life: Life, scanned: Path) -> None:
    def hide(value: Json) -> None:
        for patch in value["patches"]:
            if patch["edit"]:
                patch["edit"]["after"][-1] += " # \u202e"

    tamper(scanned, hide)
    follow(life)
    assert main(["post", str(scanned)]) == 0
    assert life.state.review_comments
    assert all("suggestion" not in body for body in posted(life))


def test_many_objects_make_no_more_comments_than_a_review_has(life: Life) -> None:
    commit(life.path, {f"apps/{n}.yaml": PRIVILEGED.format(name=f"app{n}") for n in range(40)})
    life.state.pulls[1] = PullRequest(1, "main", "change", head_repository=FORK)
    life.pull_request(FORK)
    folder = life.folder / "artifact"
    main(["pr", "--offline", "--artifact-dir", str(folder)])
    follow(life)
    assert main(["post", str(folder)]) == 0
    assert len(life.state.review_comments) == 25


def test_a_pull_request_of_the_repository_itself_is_found_too(life: Life) -> None:
    life.pull_request(user={"login": "dependabot[bot]"})
    life.environment(GITHUB_TOKEN=READER)
    main(["pr", "--offline", "--artifact-dir", str(life.folder / "a")])
    follow(life, head_repository={"full_name": "acme/shop"})
    assert main(["post", str(life.folder / "a")]) == 0
    assert life.state.review_comments


def test_a_failed_scan_hands_nothing_over(life: Life) -> None:
    life.pull_request(FORK, base={"ref": "main", "sha": "d" * 40, "repo": {"full_name": "acme/shop"}})
    git(life.path, "branch", "-m", "main", "trunk")
    life.environment(GITHUB_TOKEN=READER)
    assert main(["pr", "--offline", "--artifact-dir", str(life.folder / "a")]) == 2
    assert not (life.folder / "a").exists()
    assert "the scan failed" in life.summary.read_text()
