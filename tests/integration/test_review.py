"""The whole review against the stand-in: posted once, updated by a second push, refused where it must be."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from github_standin.server import running
from github_standin.state import Fault, PullRequest, State
from gitops_guard.cli import main
from integration.registries import asking, debian_registry, reference, tiny_image
from integration.registries import push as push_image

TOKEN = "ghs_invented0workflow0token"
READER = "ghs_invented0fork0token"
MANIFEST = """apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
spec:
  containers:
    - name: web
      image: nginx:1.27.0
"""


def git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=repository, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(repository: Path, message: str, **files: str) -> None:
    for name, text in files.items():
        (repository / name.replace("__", ".")).write_text(text)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", message)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[State]:
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "-q", "-b", "main")
    long = MANIFEST.format(name="old") + "# end\n" * 30
    commit(repository, "base", old__yaml=long)
    git(repository, "checkout", "-qb", "change")
    commit(
        repository,
        "change",
        new__yaml=MANIFEST.format(name="new") + "      securityContext:\n        privileged: true\n",
    )
    found = State(repository, "acme/shop")
    found.add_token(TOKEN)
    found.add_token(READER, contents="read", pull_requests="read", issues="read")
    found.pulls[1] = PullRequest(1, "main", "change")
    with running(found) as standin:
        monkeypatch.chdir(repository)
        monkeypatch.setenv("GITHUB_API_URL", standin.url)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        for name, value in environment(found, tmp_path).items():
            monkeypatch.setenv(name, value)
        yield found
    assert found.violations == []


def environment(state: State, folder: Path) -> dict[str, str]:
    event = folder / "event.json"
    repo = {"full_name": state.repository}
    pull = {
        "number": 1,
        "base": {"ref": "main", "sha": state.sha("main"), "repo": repo},
        "head": {"ref": "change", "sha": state.sha("change"), "repo": repo},
    }
    event.write_text(json.dumps({"number": 1, "pull_request": pull, "repository": repo}))
    return {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": state.repository,
        "GITHUB_WORKSPACE": str(state.path),
    }


def push(state: State, folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> None:
    commit(state.path, "push", **files)
    for name, value in environment(state, folder).items():
        monkeypatch.setenv(name, value)


def test_posts_one_comment_with_one_suggestion_per_object_and_a_summary(state: State) -> None:
    assert main(["pr"]) == 1
    assert len(state.reviews) == 1
    (comment,) = state.review_comments
    assert comment["path"] == "new.yaml"
    assert comment["body"].count("```suggestion") == 1
    assert "privileged: false" in comment["body"]
    assert "allowPrivilegeEscalation: false" in comment["body"]
    (summary,) = state.issue_comments
    assert "gitops-guard" in summary["body"]
    place = f"https://github.com/acme/shop/blob/{state.sha('change')}/new.yaml#L11"
    assert f"| critical | [`new.yaml:11`]({place}) |" in summary["body"]
    assert "| suggested in the review |" in summary["body"]
    assert "| a patch to read in the review |" in summary["body"]


def test_commands_are_named_where_a_workflow_of_the_base_obeys_them(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["pr"])
    assert "/gitops-guard fix`, or" not in state.issue_comments[0]["body"]
    git(state.path, "checkout", "-q", "main")
    folder = state.path / ".github/workflows"
    folder.mkdir(parents=True)
    (folder / "commands.yml").write_text("on: issue_comment\n# gitops-guard\n")
    git(state.path, "add", "-A")
    git(state.path, "commit", "-qm", "obey")
    git(state.path, "checkout", "-q", "change")
    git(state.path, "rebase", "-q", "main")
    push(state, tmp_path, monkeypatch, other__yaml="a: 1\n")
    main(["pr"])
    assert "comment `/gitops-guard fix`, or" in state.issue_comments[0]["body"]


def test_what_cannot_be_suggested_is_in_one_patch_of_the_summary(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["pr"])
    assert "One patch of all fixes" not in state.issue_comments[0]["body"]
    text = (state.path / "old.yaml").read_text()
    push(state, tmp_path, monkeypatch, old__yaml=text.replace("namespace: shop", "namespace: default") + "# more\n")
    main(["pr"])
    body = state.issue_comments[0]["body"]
    assert "<summary>One patch of all fixes, for <code>git apply</code></summary>" in body
    patch = body.partition("One patch of all fixes")[2].partition("```diff\n")[2].partition("\n```")[0]
    applied = subprocess.run(["git", "apply", "-"], cwd=state.path, input=patch + "\n", text=True, check=False)
    assert applied.returncode == 0
    assert "privileged: false" in (state.path / "new.yaml").read_text()


def test_the_suggestion_replaces_exactly_its_lines(state: State) -> None:
    main(["pr"])
    (comment,) = state.review_comments
    lines = (state.path / "new.yaml").read_text().split("\n")
    suggestion = comment["body"].partition("```suggestion\n")[2].partition("\n```")[0].split("\n")
    first, last = comment["start_line"] or comment["line"], comment["line"]
    fixed = "\n".join(lines[: first - 1] + suggestion + lines[last:])
    (state.path / "new.yaml").write_text(fixed)
    done = subprocess.run(
        [sys.executable, "-m", "gitops_guard", "check", "new.yaml", "--format", "json", "--fail-level", "none"],
        cwd=state.path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    left = {finding["rule_id"] for finding in json.loads(done.stdout)["findings"]}
    assert left.isdisjoint({"GG-POD-001", "GG-POD-009", "GG-POD-010", "GG-POD-011", "GG-POD-027"})


def test_a_second_run_changes_nothing(state: State) -> None:
    main(["pr"])
    before = json.dumps([state.review_comments, state.issue_comments])
    main(["pr"])
    assert json.dumps([state.review_comments, state.issue_comments]) == before
    assert len(state.reviews) == 1


def test_a_push_that_solves_the_problems_says_so(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main(["pr"])
    (state.path / "new.yaml").unlink()
    push(state, tmp_path, monkeypatch, other__yaml="a: 1\n")
    main(["pr"])
    (comment,) = state.review_comments
    assert "Solved as of" in comment["body"]
    assert len(state.issue_comments) == 1


def test_a_forged_marker_of_somebody_else_is_left_alone(state: State) -> None:
    main(["pr"])
    forged = state.review_comments[0] | {"id": 1, "author": "mallory"}
    state.review_comments = [forged]
    main(["pr"])
    assert forged["body"] == state.review_comments[0]["body"]
    assert len(state.review_comments) == 2


def test_comments_of_many_pages_are_known_again(state: State) -> None:
    state.issue_comments = [{"id": n, "pull": 1, "author": "octocat", "body": "chatter"} for n in range(250)]
    main(["pr"])
    main(["pr"])
    assert len(state.issue_comments) == 251


def test_a_token_that_only_reads_is_explained(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", READER)
    assert main(["pr"]) == 3
    assert state.review_comments == []
    shown = capsys.readouterr().err
    assert "pull_requests=write" in shown
    assert READER not in shown


def test_a_lost_answer_makes_no_second_comment(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    state.faults = [Fault("POST", "/reviews", done=True), Fault("POST", "/comments", done=True)]
    main(["pr"])
    main(["pr"])
    capsys.readouterr()
    assert len(state.review_comments) == 1
    assert len(state.issue_comments) == 1


def test_rate_limits_are_waited_for(state: State) -> None:
    state.faults = [Fault("POST", "/reviews", status=429, headers={"retry-after": "1"})]
    assert main(["pr"]) == 1
    assert len(state.review_comments) == 1


def test_dry_run_posts_nothing_and_shows_everything(state: State, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["pr", "--dry-run"]) == 1
    assert state.requests == []
    shown = capfd.readouterr().out
    assert "```suggestion" in shown
    assert "summary" in shown


def test_a_change_outside_the_hunks_becomes_a_comment_on_the_file(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (state.path / "old.yaml").read_text()
    push(state, tmp_path, monkeypatch, old__yaml=text.replace("namespace: shop", "namespace: default") + "# more\n")
    main(["pr"])
    assert {comment["path"] for comment in state.review_comments} == {"new.yaml", "old.yaml"}


@pytest.mark.parametrize(
    ("name", "message"),
    [("pull_request_target", "refused"), ("push", "not pull_request"), ("", "not set")],
)
def test_other_events_are_refused(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    monkeypatch.setenv("GITHUB_EVENT_NAME", name)
    assert main(["pr"]) == 2
    assert message in capsys.readouterr().err
    assert os.environ["GITHUB_TOKEN"] == TOKEN
    assert state.requests == []


@pytest.mark.real
def test_images_come_with_a_table_and_pins_for_every_place(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with debian_registry(tmp_path / "registry") as host:
        push_image(tiny_image(tmp_path / "image"), host, "team/web", "1.27.4")
        digest = asking(host).registry.head(reference(host, "team/web", "1.27.4")).digest
        git(state.path, "checkout", "-q", "main")
        policy = f"registries:\n  - host: {host}\n    private: true\n    plain_http: true\n"
        approved = f"approved_images:\n  - repository: {host}/team/*\n    owner: platform\n"
        commit(state.path, "policy", **{"__gitops-guard__yaml": policy + approved})
        git(state.path, "checkout", "-q", "change")
        git(state.path, "rebase", "-q", "main")
        manifest = MANIFEST.replace("nginx:1.27.0", f"{host}/team/web:1.27.4")
        files = {"Dockerfile": f"FROM {host}/team/web:1.27.4\nUSER 1000\n", "app__yaml": manifest.format(name="app")}
        push(state, tmp_path, monkeypatch, **files)
        main(["pr"])
    pinned = f"{host}/team/web:1.27.4@{digest}"
    bodies = {comment["path"]: comment["body"] for comment in state.review_comments}
    assert f"\nFROM {pinned}\n" in bodies["Dockerfile"]
    assert f"image: {pinned}\n" in bodies["app.yaml"]
    assert "the same image in 1 more place" in bodies["app.yaml"]
    (summary,) = (comment["body"] for comment in state.issue_comments)
    table = summary.partition("### Images")[2].partition("<details>")[0]
    assert f"| `{host}/team/web:1.27.4` **new** | `Dockerfile:1`<br>`app.yaml:9` |" in table
    assert f"approved by {host}/team/\\* (owner platform)" in table
    assert f"One patch for `{host}/team/web:1.27.4` in 2 places" in summary


APPLICATION = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - name: main
          image: registry.example.com/{name}:1.0.0
          ports: [{{containerPort: 8080}}]
{env}---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{app: {name}}}
  ports: [{{port: 8080}}]
"""
DENY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
"""
NEEDED = '          env: [{{name: CART_URL, value: "http://cart:8080"}}]\n'.format()


@pytest.mark.parametrize("in_diff", [False, True])
def test_a_new_need_that_policies_deny_comes_with_the_policy_for_exactly_it(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, in_diff: bool
) -> None:
    git(state.path, "checkout", "-q", "main")
    files = {"web__yaml": APPLICATION.format(name="web", env=""), "cart__yaml": APPLICATION.format(name="cart", env="")}
    commit(state.path, "shop", **files, policy__yaml=DENY)
    git(state.path, "checkout", "-q", "change")
    git(state.path, "rebase", "-q", "main")
    changed = {"web__yaml": APPLICATION.format(name="web", env=NEEDED)}
    if in_diff:
        changed["policy__yaml"] = DENY.replace("[Ingress]\n", "[Ingress] # closed\n")
    push(state, tmp_path, monkeypatch, **changed)
    main(["pr", "--offline"])
    (summary,) = (comment["body"] for comment in state.issue_comments)
    assert "### Network" in summary
    assert "CART_URL" in summary
    assert "The policy patch for what is needed and denied" in summary
    assert "+  name: cart-deployment" in summary
    on_policy = [comment["body"] for comment in state.review_comments if comment["path"] == "policy.yaml"]
    suggestions = [body for body in on_policy if "This change needs connections that its policies deny" in body]
    assert len(suggestions) == in_diff
    before = len(state.review_comments)
    main(["pr", "--offline"])
    assert len(state.review_comments) == before
