"""The product's own image: run by hand, run as GitHub runs it, and run by a real workflow runner."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from github_standin.server import running
from github_standin.state import PullRequest, State
from integration import action_runner
from integration.action_runner import ACTION_TAG, RUNNER, Docker, Workflow, as_github_does

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "ghs_invented0000000000000000000000000000"
EVIL = "%3A%3Aerror%3A%3Aforged.yaml"
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
spec:
  containers:
  - name: web
    image: registry.example/web:1.0
    securityContext:
      privileged: {privileged}
"""
WORKFLOW = """\
on: pull_request
jobs:
  review:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
        with:
          fetch-depth: 0
      - id: guard
        uses: ./
        continue-on-error: true
        with:
{inputs}
      - run: echo "outputs=$VERDICT,$FINDINGS,$NEW,$SARIF"
        env:
          VERDICT: ${{{{ steps.guard.outputs.verdict }}}}
          FINDINGS: ${{{{ steps.guard.outputs.findings }}}}
          NEW: ${{{{ steps.guard.outputs.new }}}}
          SARIF: ${{{{ steps.guard.outputs.sarif-file }}}}
"""


@pytest.fixture
def github(tmp_path: Path) -> Iterator[str]:
    """The address of a stand-in for GitHub that holds `acme/shop` with pull request 1, from `change` into `main`."""
    repository(tmp_path / "shop", {"fail-level": "high", "offline": "true"})
    state = State(tmp_path / "shop", "acme/shop")
    state.add_token(TOKEN)
    state.pulls[1] = PullRequest(1, "main", "change")
    with running(state) as standin:
        yield standin.url
    assert state.violations == []


def asked(address: str, path: str) -> list[dict[str, object]]:
    """Returns what GitHub lists at this path of `acme/shop`."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/vnd.github+json"}
    request = urllib.request.Request(f"{address}/repos/acme/shop/{path}?per_page=100", headers=headers)  # noqa: S310 - our own stand-in
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - likewise
        listed: list[dict[str, object]] = json.load(answer)
    return listed


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=guard", "-c", "user.email=guard@example.org")
    ran = subprocess.run(("git", *identity, *arguments), cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def repository(folder: Path, inputs: dict[str, str]) -> str:
    """Makes a repository whose head adds a privileged pod to a sound one; returns the base's commit."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "remote", "add", "origin", "https://github.com/acme/shop.git")
    (folder / "old.yaml").write_text(POD.format(name="old", privileged="true"))
    (folder / "action.yml").write_text(action_runner.released(ROOT))
    (folder / ".github/workflows").mkdir(parents=True)
    given = "\n".join(f"          {name}: {json.dumps(value)}" for name, value in inputs.items())
    (folder / ".github/workflows/review.yml").write_text(WORKFLOW.format(inputs=given))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=base")
    base = git(folder, "rev-parse", "HEAD")
    git(folder, "checkout", "--quiet", "-b", "change")
    (folder / "new.yaml").write_text(POD.format(name="new", privileged="true"))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=change")
    return base


def event(folder: Path, base: str, head: str) -> Path:
    """Writes the pull_request event of number 1."""
    shop = {"full_name": "acme/shop", "name": "shop", "owner": {"login": "acme"}, "default_branch": "main"}
    sides = {
        "base": {"ref": "main", "sha": base, "repo": shop},
        "head": {"ref": "change", "sha": head, "repo": shop},
    }
    pull = {"number": 1, "state": "open", "draft": False, "user": {"login": "dev"}, **sides}
    path = folder / "event.json"
    path.write_text(json.dumps({"action": "opened", "number": 1, "pull_request": pull, "repository": shop}))
    return path


def outputs(folder: Path) -> dict[str, str]:
    lines = (folder / "file_commands/output").read_text().splitlines()
    return dict(zip((line.split("<<")[0] for line in lines[::3]), lines[1::3], strict=True))


def workspace(folder: Path, files: dict[str, str]) -> None:
    (folder / "workspace").mkdir()
    for name, text in files.items():
        (folder / "workspace" / name).write_text(text)


def test_the_image_is_the_command_line(docker: Docker, tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(POD.format(name="one", privileged="true"))
    tmp_path.chmod(0o755)
    hardened = ("run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")  # noqa: S108 - in the container
    mount = ("--user", "guard", "--volume", f"{tmp_path}:/repository:ro", "--workdir", "/repository", ACTION_TAG)
    found = docker.run(*hardened, *mount, "check", ".", "--offline", "--format=json", "--fail-level=low")
    assert found.code == 1, found.text
    assert "GG-POD-001" in {finding["rule_id"] for finding in json.loads(found.text)["findings"]}
    assert docker.run(*hardened, *mount, "check", ".", "--offline", "--fail-level=none").code == 0


def test_git_is_there_and_pip_is_not(docker: Docker) -> None:
    shell = ("run", "--rm", "--network", "none", "--entrypoint")
    assert docker.run(*shell, "git", ACTION_TAG, "--version").code == 0
    assert docker.run(*shell, "/opt/gitops-guard/bin/python3", ACTION_TAG, "-c", "import pip").code == 1


def test_what_commands_read_is_in_the_image(docker: Docker) -> None:
    """Pages of rules, schemas, templates, the workflows to copy, the tools that render."""
    script = """
        set -e; mkdir --parents /tmp/shop/overlay /tmp/shop/chart/templates; cd /tmp/shop
        printf '%s' "$POD" > overlay/pod.yaml; cp overlay/pod.yaml chart/templates
        echo 'resources: [pod.yaml]' > overlay/kustomization.yaml
        printf 'apiVersion: v2\\nname: shop\\nversion: 1.0.0\\n' > chart/Chart.yaml
        gitops-guard init; gitops-guard explain GG-POD-001; gitops-guard schema artifact
        gitops-guard sweep --offline --dry-run --fail-level none --report html=/tmp/report.html
        gitops-guard render --list; ls -R .github; wc --lines /tmp/report.html
    """
    pod = f"POD={POD.format(name='one', privileged='true')}"
    shell = ("run", "--rm", "--network", "none", "--user", "guard", "--env", pod, "--entrypoint", "sh", ACTION_TAG)
    ran = docker.run(*shell, "-c", script)
    assert ran.code == 0, ran.text
    assert "helm:chart  rendered" in ran.text
    assert "kustomize:overlay  rendered" in ran.text
    assert "gitops-guard-sweep.yml" in ran.text
    assert "---- tracking issue" in ran.text


def test_inputs_come_in_outputs_come_out_and_root_is_given_up(docker: Docker, tmp_path: Path) -> None:
    workspace(tmp_path, {"pod.yaml": POD.format(name="one", privileged="true")})
    ran = as_github_does(docker, tmp_path, command="check", offline="true", sarif_file="guard.sarif")
    assert ran.code == 1, ran.text
    written = outputs(tmp_path)
    assert written["verdict"] == "findings"
    assert int(written["findings"]) >= 1
    assert written["sarif-file"] == "guard.sarif"
    assert (tmp_path / "workspace/guard.sarif").stat().st_uid == RUNNER
    assert json.loads((tmp_path / "workspace/guard.sarif").read_text())["version"] == "2.1.0"


def test_a_wrong_input_fails_the_step_and_counts_nothing(docker: Docker, tmp_path: Path) -> None:
    workspace(tmp_path, {})
    ran = as_github_does(docker, tmp_path, command="deploy")
    assert ran.code == 2, ran.text
    assert "input `command` can't be 'deploy'" in ran.text
    written = outputs(tmp_path)
    assert written.pop("verdict") == "usage"
    assert set(written.values()) == {""}


def test_modules_of_the_repository_are_not_imported(docker: Docker, tmp_path: Path) -> None:
    hostile = dict.fromkeys(("json.py", "yaml.py", "gitops_guard.py", "sitecustomize.py"), "print('HOSTILE')\n")
    workspace(tmp_path, hostile)
    ran = as_github_does(docker, tmp_path, command="check", offline="true")
    assert "HOSTILE" not in ran.text
    assert ran.code == 0, ran.text


@pytest.mark.parametrize("keep_root", [False, True])
def test_git_reads_the_workspace_of_the_runner(docker: Docker, tmp_path: Path, *, keep_root: bool) -> None:
    repository(tmp_path / "workspace", {})
    ran = as_github_does(docker, tmp_path, keep_root=keep_root, command="check", base="main", offline="true")
    assert ran.code == 1, ran.text
    written = outputs(tmp_path)
    assert int(written["findings"]) >= int(written["new"]) >= 1
    assert "new.yaml" in ran.text


def test_a_workflow_runs_the_check(docker: Docker, tmp_path: Path) -> None:
    inputs = {"command": "check", "base": "main", "offline": "true", "fail-level": "high", "sarif-file": "g.sarif"}
    base = repository(tmp_path / "shop", inputs)
    (tmp_path / "shop/::error::forged.yaml").write_text(POD.format(name="forged", privileged="true"))
    git(tmp_path / "shop", "add", "--all")
    git(tmp_path / "shop", "commit", "--quiet", "--message=forge an annotation")
    payload = event(tmp_path, base, git(tmp_path / "shop", "rev-parse", "HEAD"))
    ran = action_runner.run_workflow(docker, Workflow(tmp_path / "shop", payload, "http://127.0.0.1:9", TOKEN))
    said = re.findall(r"❗  ::error (.*?)::", ran.text)
    assert any(f"file={EVIL}," in line for line in said), ran.text
    assert all(line.startswith("file=") for line in said)
    assert TOKEN not in ran.text
    printed = [line.split("| outputs=")[1] for line in ran.text.splitlines() if "| outputs=" in line]
    assert len(printed) == 1, ran.text
    verdict, findings, new, sarif = printed[0].strip().split(",")
    assert (verdict, sarif) == ("findings", "g.sarif"), ran.text
    assert int(findings) >= int(new) >= 1, ran.text
    assert "new.yaml" in ran.text


def test_a_pull_request_is_reviewed(docker: Docker, tmp_path: Path, github: str) -> None:
    shop = tmp_path / "shop"
    head = git(shop, "rev-parse", "HEAD")
    payload = event(tmp_path, git(shop, "rev-parse", "main"), head)
    workflow = Workflow(shop, payload, github, TOKEN)
    first = action_runner.run_workflow(docker, workflow)
    assert "| outputs=findings," in first.text, first.text
    assert TOKEN not in first.text
    (review,) = asked(github, "pulls/1/reviews")
    assert (review["commit_id"], review["state"]) == (head, "COMMENTED")
    comments = asked(github, "pulls/1/comments")
    assert {comment["path"] for comment in comments} == {"new.yaml"}
    assert any("```suggestion" in str(comment["body"]) for comment in comments)
    # The same commit again: nothing is said twice.
    again = action_runner.run_workflow(docker, workflow)
    assert "| outputs=findings," in again.text, again.text
    assert len(asked(github, "pulls/1/comments")) == len(comments)


def test_the_released_declaration_differs_in_the_image_only(tmp_path: Path) -> None:
    repository(tmp_path / "shop", {})
    declared, released = (yaml.safe_load(p.read_text()) for p in (ROOT / "action.yml", tmp_path / "shop/action.yml"))
    assert released["runs"].pop("image") != declared["runs"].pop("image")
    assert released == declared
