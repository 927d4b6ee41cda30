"""`network diff`, `network verify` and the section in a pull request's summary, on real git repositories."""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gitops_guard import network_change as reading
from gitops_guard.cli import main
from gitops_guard.commands.network.diff import FORMATS as DIFF_FORMATS
from gitops_guard.commands.network.diff import diff
from gitops_guard.commands.network.map import FORMATS, network
from gitops_guard.commands.network.verify import verify
from gitops_guard.commands.pull_request import review
from gitops_guard.errors import UsageError
from gitops_guard.network_change import network_change
from gitops_guard.settings import Settings
from gitops_guard.sources.git import open_change

Json = dict[str, Any]
Repository = Callable[..., Path]

TODAY = date(2026, 1, 1)

APPS = """apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  containers:
    - name: main
      image: registry.example.com/cart:1
      env:
        - {name: REDIS_ADDR, value: "redis:6379"}
---
apiVersion: v1
kind: Pod
metadata: {name: redis, namespace: shop, labels: {app: redis}}
spec:
  containers:
    - {name: main, image: "registry.example.com/redis:1", ports: [{containerPort: 6379}]}
"""
SERVICE = """apiVersion: v1
kind: Service
metadata: {name: redis, namespace: shop}
spec:
  selector: {app: redis}
  ports: [{port: 6379}]
"""
POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: redis, namespace: shop}
spec:
  podSelector: {matchLabels: {app: redis}}
  ingress:
    - from: [{podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: 6379}]
"""
WHOLE = f"{APPS}---\n{SERVICE}---\n{POLICY}"
DENIED = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
"""
CLOSED = POLICY.replace("app: cart", "app: basket")


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def write(folder: Path, files: dict[str, str | None]) -> None:
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            place.unlink()
        else:
            place.write_text(text)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose branch `main` holds the shop, and whose head holds a change of it."""

    def made(change: dict[str, str | None], base: dict[str, str | None] | None = None) -> Path:
        folder = tmp_path / "repository"
        folder.mkdir()
        git(folder, "init", "-q", "-b", "main")
        write(folder, {"apps.yaml": APPS, "service.yaml": SERVICE, "policy.yaml": POLICY})
        write(folder, base or {})
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "base")
        git(folder, "checkout", "-qb", "change")
        write(folder, change)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "change", "--allow-empty")
        monkeypatch.chdir(folder)
        return folder

    return made


def run_diff(tmp_path: Path, name: str, *, head: str | None = "change", paths: tuple[str, ...] = ()) -> tuple[int, str]:
    output = tmp_path / "out"
    arguments = argparse.Namespace(
        base="main", head=head, format=name, paths=list(paths), output=str(output), config=None
    )
    return diff(arguments, TODAY), output.read_text()


def found(tmp_path: Path, **options: Any) -> tuple[int, Json]:
    code, text = run_diff(tmp_path, "json", **options)
    return code, json.loads(text)


@pytest.mark.parametrize("head", ["change", None])
def test_a_closed_connection_that_is_still_needed_names_the_line(
    repository: Repository, tmp_path: Path, head: str | None
) -> None:
    repository({"policy.yaml": CLOSED})
    code, value = found(tmp_path, head=head)
    assert code == 0
    (broken,) = value["probably_broken"]
    assert (broken["source"], broken["target"], broken["ports"]) == ("shop/Pod/cart", "shop/Pod/redis", ["TCP 6379"])
    assert (broken["evidence"][0]["path"], broken["evidence"][0]["line"]) == ("apps.yaml", 9)
    (edge,) = value["edges"]
    assert (edge["change"], edge["source"], edge["target"], edge["ports"]) == (
        "closed", "shop/Pod/cart", "shop/Pod/redis", ["TCP 6379"]
    )  # fmt: skip
    assert edge["evidence"]
    assert sorted(value["coverage"]["scanned"]) == ["apps.yaml", "policy.yaml", "service.yaml"]


def test_the_same_as_markdown_holds_a_picture_and_a_table(repository: Repository, tmp_path: Path) -> None:
    repository({"policy.yaml": CLOSED})
    text = run_diff(tmp_path, "markdown")[1]
    assert '  n0 -.->|"closed, still needed: TCP 6379"| n1' in text
    assert "probably breaks: `REDIS_ADDR: redis:6379` in `apps.yaml:9` still names it" in text
    assert "probably breaks" in run_diff(tmp_path, "console")[1]


def test_the_command_line_leads_here(repository: Repository, capfd: pytest.CaptureFixture[str]) -> None:
    repository({"policy.yaml": CLOSED})
    assert main(["network", "diff", "--base", "main", "--format", "json"]) == 0
    assert json.loads(capfd.readouterr().out)["summary"]["probably_broken"] == 1
    assert main(["network", "verify"]) == 1
    assert "denied: shop/Pod/cart -> shop/Pod/redis" in capfd.readouterr().out


def test_a_path_limits_what_is_compared(repository: Repository, tmp_path: Path) -> None:
    repository({"other/policy.yaml": POLICY.replace("name: redis", "name: other")})
    assert found(tmp_path, paths=("apps.yaml",))[1]["coverage"]["scanned"] == ["apps.yaml"]


def test_a_new_file_of_the_working_tree_counts(repository: Repository, tmp_path: Path) -> None:
    folder = repository({})
    exposed = SERVICE.replace("name: redis", "name: out").replace("spec:", "spec:\n  type: NodePort")
    (folder / "more.yaml").write_text(exposed)
    _, value = found(tmp_path, head=None)
    (shift,) = value["exposures"]
    assert shift["after"]["via"] == "shop/Service/out"
    assert not value["exposures"][0]["before"]


def test_a_file_that_cannot_be_read_is_neither_gone_nor_new(repository: Repository, tmp_path: Path) -> None:
    repository({"apps.yaml": APPS + "a: [\n"})
    code, value = found(tmp_path)
    assert code == 3
    assert value["workloads"] == {"added": [], "removed": []}
    assert [entry["path"] for entry in value["coverage"]["failed"]] == ["apps.yaml"]


def test_what_is_past_the_bounds_is_said(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository({"policy.yaml": CLOSED})
    monkeypatch.setattr("gitops_guard.network_sides.MOST_FILES", 3)
    code, value = found(tmp_path)
    assert code == 3
    assert [entry["path"] for entry in value["coverage"]["skipped"]] == ["service.yaml"]
    assert "past 3 files" in value["coverage"]["skipped"][0]["reason"]


def test_without_a_base_the_command_says_what_to_do(repository: Repository) -> None:
    repository({})
    with pytest.raises(UsageError, match="--base"):
        diff(argparse.Namespace(base=None, head=None, format="json", paths=[], output=None), TODAY)


QUIET = {
    "an image": APPS.replace("cart:1", "cart:2"),
    "resources": APPS.replace("- name: main", "- name: main\n      resources: {limits: {memory: 1Gi}}"),
    "a comment": "# a comment\n" + APPS,
}


@pytest.mark.parametrize("text", QUIET.values(), ids=QUIET.keys())
def test_a_change_that_cannot_matter_reads_nothing_else(
    repository: Repository, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository({"apps.yaml": text, "notes.md": "x"})

    def never(*_: object) -> None:
        raise AssertionError("the whole repository was read")

    monkeypatch.setattr(reading, "two_sides", never)
    with open_change(str(folder), "main", "change") as change:
        assert network_change(change, Settings()) is None


def test_an_excluded_file_is_not_looked_at(repository: Repository) -> None:
    folder = repository({"policy.yaml": CLOSED})
    with open_change(str(folder), "main", "change") as change:
        assert network_change(change, Settings(exclude=("policy.yaml",))) is None
        assert network_change(change, Settings()) is not None


def test_manifests_without_a_namespace_in_several_folders_are_said_to_be_taken_together(
    repository: Repository, tmp_path: Path
) -> None:
    loose = WHOLE.replace(", namespace: shop", "")
    closed = loose.replace("{matchLabels: {app: cart}}", "{matchLabels: {app: basket}}")
    repository({"a/all.yaml": closed}, {"a/all.yaml": loose, "b/all.yaml": APPS.replace(", namespace: shop", "")})
    assert reading.LOOSE in found(tmp_path)[1]["notes"]


WEB = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: main, image: "registry.example.com/web:1", env: [{name: DB_ADDR, value: "db:5432"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, labels: {app: db}}
spec:
  containers: [{name: main, image: "registry.example.com/db:1", ports: [{containerPort: 5432}]}]
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]
"""
PATCH = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  template:
    spec:
      containers: [{name: main, image: "registry.example.com/web:2"}]
"""


def test_a_patch_of_kustomize_is_no_workload_that_is_denied_something(repository: Repository) -> None:
    folder = repository({"overlays/patch.yaml": PATCH}, {"base/web.yaml": WEB})
    with open_change(str(folder), "main", "change") as change:
        assert network_change(change, Settings()) is None
    arguments = argparse.Namespace(paths=["base", "overlays"], format="json", output=str(folder / "out"))
    assert verify(arguments, TODAY) == 0
    assert network(argparse.Namespace(**{**vars(arguments), "format": "html"}), TODAY) == 0
    assert (folder / "out").read_text().count(">web</text>") == 1


def test_policies_that_cannot_be_analysed_are_said_and_end_nothing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository({"policy.yaml": CLOSED})
    monkeypatch.setattr("gitops_guard.network.effort.Effort.__init__", _spent)
    with open_change(str(folder), "main", "change") as change:
        result = network_change(change, Settings())
    assert result is not None
    assert "more ways than can be analysed" in result.doubts[0]


def _spent(effort: Any, limit: int = 0) -> None:
    effort._left = limit
    effort.spent = 0


def environment(folder: Path, tmp_path: Path) -> dict[str, str]:
    repo = {"full_name": "acme/shop"}
    pull = {
        "number": 1,
        "base": {"ref": "main", "sha": git(folder, "rev-parse", "main").strip(), "repo": repo},
        "head": {"ref": "change", "sha": git(folder, "rev-parse", "change").strip(), "repo": repo},
    }
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": pull, "repository": repo}))
    return {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_WORKSPACE": str(folder),
    }


def reviewed(repository: Repository, tmp_path: Path, change: dict[str, str | None]) -> None:
    folder = repository(change)
    arguments = argparse.Namespace(paths=[], report=[], config=None, offline=True, fail_level="none", dry_run=True)
    review(arguments, environment(folder, tmp_path), TODAY)


def test_a_pull_request_has_a_section_where_connections_change(
    repository: Repository, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reviewed(repository, tmp_path, {"policy.yaml": CLOSED})
    out = capfd.readouterr().out
    assert "\n### Network\n\n1 connection probably breaks, 1 connection is closed.\n" in out
    assert "probably breaks: `REDIS_ADDR: redis:6379`" in out


def test_a_pull_request_has_no_section_where_they_do_not(
    repository: Repository, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reviewed(repository, tmp_path, {"apps.yaml": QUIET["an image"]})
    assert "Network" not in capfd.readouterr().out


IDLE = POLICY.replace("{matchLabels: {app: redis}}", "{matchLabels: {app: nothing}}")
UNREADABLE = POLICY.replace("port: 6379", "port: 6379, endPort: 1")
VERIFIED = [(POLICY, 0), (CLOSED, 1), (IDLE, 1), (UNREADABLE, 3)]


@pytest.mark.parametrize(("policy", "code"), VERIFIED)
def test_verify_fails_where_a_need_is_denied_or_a_policy_selects_nothing(
    tmp_path: Path, policy: str, code: int
) -> None:
    (tmp_path / "shop.yaml").write_text(f"{APPS}---\n{SERVICE}---\n{policy}")
    output = tmp_path / "out"
    for name in ("console", "json"):
        assert verify(argparse.Namespace(paths=[str(tmp_path)], format=name, output=str(output)), TODAY) == code
    value = json.loads(output.read_text())
    assert [edge["status"] for edge in value["edges"]] == [
        "denied" if policy == CLOSED else "unknown" if code == 3 else "allowed"
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_the_map_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "shop.yaml").write_text(WHOLE)
    output = tmp_path / "out"
    assert network(argparse.Namespace(paths=[str(tmp_path)], format=name, output=str(output)), TODAY) == 0
    assert "redis" in output.read_text()


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
)  # fmt: skip


@pytest.mark.real
def test_a_browser_draws_the_page_and_has_nothing_to_complain_about(tmp_path: Path) -> None:
    browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if browser is None:
        pytest.skip(f"no browser: one of {', '.join(BROWSERS)} is needed")
    (tmp_path / "shop.yaml").write_text(WHOLE)
    page, picture = tmp_path / "map.html", tmp_path / "map.png"
    network(argparse.Namespace(paths=[str(tmp_path / "shop.yaml")], format="html", output=str(page)), TODAY)
    argv = (browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}", page.as_uri())
    ran = subprocess.run(argv, capture_output=True, timeout=120, check=True)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert [line for line in ran.stderr.decode().split("\n") if ":CONSOLE" in line] == []


def test_a_large_repository_is_compared(repository: Repository, tmp_path: Path) -> None:
    files = {
        f"n{number}/app.yaml": WHOLE.replace("namespace: shop", f"namespace: n{number}") for number in range(1_000)
    }
    repository({"n7/app.yaml": files["n7/app.yaml"].replace("app: cart}}}", "app: none}}}")}, files)
    code = (
        "import argparse, datetime; from gitops_guard.commands.network.diff import diff; "
        "diff(argparse.Namespace(base='main',"
        f"head='change', format='json', paths=[], config=None, output={str(tmp_path / 'out')!r}), datetime.date.min)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    value = json.loads((tmp_path / "out").read_text())
    assert [one["target"] for one in value["probably_broken"]] == ["n7/Pod/redis"]


def test_the_fix_of_a_new_finding_keeps_what_files_outside_the_change_need(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    repository({"namespace.yaml": namespace}, {"apps.yaml": f"{APPS}---\n{SERVICE}"})
    main(["check", "--base", "main", "--head", "change", "--rule", "GG-NET-003", "--format", "json"])
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["fix"]["refused"].startswith("cuts shop/Pod/cart -> shop/Pod/redis on TCP 6379, which there is evid")


@pytest.mark.parametrize("name", DIFF_FORMATS)
def test_the_policies_for_a_new_need_come_along(repository: Repository, tmp_path: Path, name: str) -> None:
    without = APPS.replace('      env:\n        - {name: REDIS_ADDR, value: "redis:6379"}\n', "")
    repository({"apps.yaml": APPS}, {"apps.yaml": without, "policy.yaml": DENIED})
    _, text = run_diff(tmp_path, name)
    patch = json.loads(text)["policy_patch"]["diff"] if name == "json" else text
    assert "+++ b/policy.yaml" in patch
    assert "app: redis" in patch
    assert patch.count("+kind: NetworkPolicy") == 2


@pytest.mark.parametrize("beside", ["Secret", "flow"])
def test_a_patch_never_shows_lines_of_other_objects(repository: Repository, tmp_path: Path, beside: str) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\nstringData: {key: hidden-value}\n"
    flow = (
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop},"
        " spec: {podSelector: {}, policyTypes: [Ingress]}}\n"
    )
    text = f"{DENIED}---\n{secret}" if beside == "Secret" else f"{secret}---\n{flow}"
    without = APPS.replace('      env:\n        - {name: REDIS_ADDR, value: "redis:6379"}\n', "")
    repository({"apps.yaml": APPS}, {"apps.yaml": without, "policy.yaml": text})
    _, value = found(tmp_path)
    assert value["needed_but_denied"]
    assert value["policy_patch"] is None
