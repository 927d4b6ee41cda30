"""The entrance of the container action: mapping, outputs, and what a hostile repository could try."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard import action, cli, runner
from gitops_guard.errors import CLEAN, FINDINGS, INCOMPLETE, USAGE, UsageError

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "ghs_invented0000000000000000000000000000"


def inputs(**values: str) -> dict[str, str]:
    return {"INPUT_" + name.upper().replace("_", "-"): value for name, value in values.items()}


@pytest.mark.parametrize(
    ("given_inputs", "expected"),
    [
        ({}, ("pr", "--report=json=r.json")),
        (inputs(command="", fail_level="  "), ("pr", "--report=json=r.json")),
        (inputs(fail_level="high"), ("pr", "--fail-level=high", "--report=json=r.json")),
        (inputs(dry_run="true", offline="True"), ("pr", "--offline", "--dry-run", "--report=json=r.json")),
        (inputs(dry_run="false", offline="false"), ("pr", "--report=json=r.json")),
        (
            inputs(command="check", base="main", config="ci/guard.yaml", sarif_file="g.sarif", html_file="g.html"),
            (
                "check",
                "--config=ci/guard.yaml",
                "--base=main",
                "--report=json=r.json",
                "--report=sarif=g.sarif",
                "--report=html=g.html",
            ),
        ),
        (
            {"GITHUB_EVENT_NAME": "push"} | inputs(drafts="check", artifact_dir="a", dry_run="true", fail_level="low"),
            ("check", "--fail-level=low", "--report=json=r.json"),
        ),
        ({"GITHUB_EVENT_NAME": "merge_group"}, ("pr", "--report=json=r.json")),
        ({"GITHUB_EVENT_NAME": "workflow_run"} | inputs(artifact_dir="-dir"), ("post", "--", "-dir")),
        (
            {"GITHUB_EVENT_NAME": "issue_comment"}
            | inputs(config="-c", fail_level="low", offline="true", paths="apps"),
            ("comment", "--config=-c", "--fail-level=low", "--offline", "--", "apps"),
        ),
        (
            inputs(command="pr", artifact_dir="a", drafts="check", patch_file="p", paths="apps"),
            (
                *("pr", "--drafts=check", "--artifact-dir=a"),
                *("--report=json=r.json", "--report=patch=p", "--", "apps"),
            ),
        ),
        (inputs(command="images", snapshot="true", config="c.yaml"), ("images", "--config=c.yaml", "--snapshot")),
        (
            inputs(command="check", paths="apps\n  my charts/one  \n\n"),
            ("check", "--report=json=r.json", "--", "apps", "my charts/one"),
        ),
    ],
)
def test_inputs_become_arguments(given_inputs: dict[str, str], expected: tuple[str, ...]) -> None:
    assert action.command_line(given_inputs, "r.json") == expected


@pytest.mark.parametrize(
    ("given_inputs", "word"),
    [
        (inputs(command="fix; rm -rf /"), "command"),
        (inputs(offline="yes"), "offline"),
        (inputs(command="images", fail_level="high"), "fail-level"),
        (inputs(command="images", sarif_file="a.sarif"), "sarif-file"),
        (inputs(command="check", snapshot="true"), "snapshot"),
        (inputs(command="pr", base="main"), "base"),
        (inputs(command="check", dry_run="true"), "dry-run"),
        (inputs(command="check", artifact_dir="a"), "artifact-dir"),
        (inputs(command="post"), "artifact-dir"),
        ({"GITHUB_EVENT_NAME": "pull_request_target"}, "pull_request_target"),
        ({"GITHUB_EVENT_NAME": "pull_request_target"} | inputs(command="check"), "pull_request_target"),
        ({"GITHUB_EVENT_NAME": "pull_request_target"} | inputs(command="post"), "pull_request_target"),
    ],
)
def test_a_wrong_input_is_named(given_inputs: dict[str, str], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        action.command_line(given_inputs, "r.json")


@given(st.text(), st.text(), st.text())
def test_no_input_becomes_another_option(base: str, config: str, paths: str) -> None:
    arguments = action.command_line(inputs(command="check", base=base, config=config, paths=paths), "r.json")
    options = arguments[1 : arguments.index("--")] if "--" in arguments else arguments[1:]
    allowed = ("--base=", "--config=", "--report=json=r.json")
    assert all(option.startswith(allowed) for option in options)


@given(st.dictionaries(st.sampled_from(["verdict", "new", "sarif-file"]), st.text()))
def test_outputs_are_read_back_as_written(values: dict[str, str]) -> None:
    delimiter = "f" * 32
    written = action.outputs(values, delimiter)
    read: dict[str, str] = {}
    while written:
        name, _, written = written.partition(f"<<{delimiter}\n")
        read[name], _, written = written.partition(f"\n{delimiter}\n")
    assert read == values


def test_the_token_comes_from_the_input_first() -> None:
    assert action.token({"INPUT_GITHUB-TOKEN": f" {TOKEN}\n", "GITHUB_TOKEN": "other"}) == TOKEN
    assert action.token({"INPUT_GITHUB-TOKEN": "", "GITHUB_TOKEN": "other"}) == "other"
    assert action.token({}) == ""


@pytest.mark.parametrize("value", ["one\ntwo", "one two", "one\r::stop", "öne", "one\x00two"])
def test_a_token_that_could_leak_its_rest_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        action.token({"GITHUB_TOKEN": value})
    assert "one" not in str(caught.value)
    assert "öne" not in str(caught.value)


def test_credentials_of_registries_become_a_variable() -> None:
    lines = "  registry.example.com ci s3%cret\n\n ghcr.io\tme\ttoken \n"
    assert action.registry_auth({"INPUT_REGISTRY-AUTH": lines}) == {
        "GITOPS_GUARD_REGISTRY_AUTH": "registry.example.com ci s3%cret\nghcr.io\tme\ttoken"
    }
    assert action.registry_auth({"INPUT_REGISTRY-AUTH": " \n"}) == {}
    assert action.registry_auth({}) == {}


@pytest.mark.parametrize(
    "line", ["s3cret", "host s3cret", "host user s3cret more", "host user s3c\x07ret", "host üser s3cret"]
)
def test_a_wrong_line_of_credentials_is_named_by_its_number_only(line: str) -> None:
    with pytest.raises(UsageError, match="line 2 of input `registry-auth`") as caught:
        action.registry_auth({"INPUT_REGISTRY-AUTH": f"a b c\n{line}\n"})
    assert "s3c" not in str(caught.value)


def test_git_is_told_of_the_workspace_after_what_is_there() -> None:
    assert action.git_environment({"GITHUB_WORKSPACE": "/w"}) == {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "/w",
    }
    assert action.git_environment({"GITHUB_WORKSPACE": "/w", "GIT_CONFIG_COUNT": "2"})["GIT_CONFIG_KEY_2"]
    assert action.git_environment({}) == {}
    with pytest.raises(UsageError, match="GIT_CONFIG_COUNT"):
        action.git_environment({"GITHUB_WORKSPACE": "/w", "GIT_CONFIG_COUNT": "two"})


def test_counts_leave_waived_findings_out(tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    report.write_text(json.dumps({"findings": [{"status": s} for s in ("new", "existing", "waived", "new")]}))
    assert action.count(str(report)) == action.Counts(findings=3, new=2)
    report.write_text(json.dumps({"findings": [], "coverage": {"failed": [{"path": "a.yaml"}]}}))
    assert action.count(str(report)) == action.Counts(findings=0, new=0, complete=False)


@pytest.mark.parametrize("text", [None, "", "{", "{}"])
def test_no_report_is_no_count(tmp_path: Path, text: str | None) -> None:
    report = tmp_path / "r.json"
    if text is not None:
        report.write_text(text)
    assert action.count(str(report)) is None


def mounted(folder: Path, owner: int) -> dict[str, str]:
    environ = {}
    for name in ("GITHUB_WORKSPACE", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        path = folder / name
        path.mkdir() if name == "GITHUB_WORKSPACE" else path.touch()
        os.chown(path, owner, owner)
        environ[name] = str(path)
    return environ


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root up")
def test_root_is_given_up_only_for_one_owner_of_everything(tmp_path: Path) -> None:
    environ = mounted(tmp_path, 1001)
    assert action.workspace_owner(environ) == action.Owner(1001, 1001)
    os.chown(environ["GITHUB_OUTPUT"], 0, 0)
    assert action.workspace_owner(environ) is None
    os.chown(environ["GITHUB_OUTPUT"], 1001, 1001)
    assert action.workspace_owner({**environ, "GITHUB_STEP_SUMMARY": ""}) is None


def test_root_is_not_given_up_for_root(tmp_path: Path) -> None:
    environ = {name: str(tmp_path) for name in ("GITHUB_WORKSPACE", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    assert action.workspace_owner(environ) is None


RunAction = Callable[[Callable[[list[str]], int]], int]


@pytest.fixture
def run_action(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RunAction:
    """Runs the action with a command line of the test's own, in an environment like GitHub's."""
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "INPUT_", "GIT_CONFIG_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "output").touch()
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "INPUT_GITHUB-TOKEN": TOKEN,
        "INPUT_SARIF-FILE": "guard.sarif",
        "INPUT_PATCH-FILE": "empty.patch",
    }
    restored = (*environ, runner.MARKER, "GITHUB_TOKEN", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0")
    for name in restored:
        monkeypatch.setenv(name, environ.get(name, ""))
    monkeypatch.setattr(sys, "argv", ["action"])
    monkeypatch.chdir(tmp_path)

    def run(command: Callable[[list[str]], int]) -> int:
        monkeypatch.setattr(cli, "main", command)
        return action.main()

    return run


def reporting(arguments: list[str]) -> int:
    path = next(a for a in arguments if a.startswith("--report=json=")).removeprefix("--report=json=")
    Path(path).write_text(json.dumps({"findings": [{"status": "new"}, {"status": "existing"}]}))
    return FINDINGS


def test_outputs_say_what_was_found(run_action: RunAction, tmp_path: Path) -> None:
    (tmp_path / "guard.sarif").write_text("{}")
    (tmp_path / "empty.patch").write_text("")
    assert run_action(reporting) == FINDINGS
    written = (tmp_path / "output").read_text().splitlines()
    assert dict(zip((name.split("<<")[0] for name in written[::3]), written[1::3], strict=True)) == {
        "verdict": "findings",
        "findings": "2",
        "new": "1",
        "sarif": "guard.sarif",
        "sarif-file": "guard.sarif",
        "report": "",
        "patch": "",
        "artifact": "",
    }


def test_what_the_repository_makes_the_scan_print_is_no_command(
    run_action: RunAction, capsys: pytest.CaptureFixture[str]
) -> None:
    def echoing(_: list[str]) -> int:
        sys.stdout.write("::set-env name=LD_PRELOAD::/evil.so\n::add-path::/evil")
        return CLEAN

    assert run_action(echoing) == CLEAN
    lines = capsys.readouterr().out.splitlines()
    stop = next(i for i, line in enumerate(lines) if line.startswith("::stop-commands::"))
    assert os.environ[runner.MARKER] == lines[stop].removeprefix("::stop-commands::")
    marker = "::" + lines[stop].removeprefix("::stop-commands::") + "::"
    assert stop < lines.index("::set-env name=LD_PRELOAD::/evil.so") < lines.index("::add-path::/evil")
    assert lines.index("::add-path::/evil") < lines.index(marker)


def test_the_token_is_shown_to_nothing_but_the_mask(
    run_action: RunAction, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    seen: list[str] = []

    def looking(arguments: list[str]) -> int:
        seen.extend(arguments)
        assert os.environ["GITHUB_TOKEN"] == TOKEN
        assert "INPUT_GITHUB-TOKEN" not in os.environ
        return CLEAN

    assert run_action(looking) == CLEAN
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0] == f"::add-mask::{TOKEN}"
    assert (printed.out + printed.err).count(TOKEN) == 1
    assert not any(TOKEN in argument for argument in seen)
    assert TOKEN not in (tmp_path / "output").read_text()


def test_passwords_of_registries_are_masked_and_gone_from_the_inputs(
    run_action: RunAction, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPUT_REGISTRY-AUTH", "registry.example.com ci s3%cret\n")

    def looking(_: list[str]) -> int:
        assert os.environ["GITOPS_GUARD_REGISTRY_AUTH"] == "registry.example.com ci s3%cret"
        assert "INPUT_REGISTRY-AUTH" not in os.environ
        return CLEAN

    assert run_action(looking) == CLEAN
    printed = capsys.readouterr().out
    assert "::add-mask::s3%25cret" in printed.splitlines()
    assert printed.count("s3%") == 1


def test_a_partial_scan_has_no_sarif_to_upload(run_action: RunAction, tmp_path: Path) -> None:
    def partial(arguments: list[str]) -> int:
        path = next(a for a in arguments if a.startswith("--report=json=")).removeprefix("--report=json=")
        Path(path).write_text(json.dumps({"findings": [], "coverage": {"failed": [{"path": "a.yaml"}]}}))
        (tmp_path / "guard.sarif").write_text("{}")
        return CLEAN

    assert run_action(partial) == CLEAN
    written = (tmp_path / "output").read_text().splitlines()
    read = dict(zip((name.split("<<")[0] for name in written[::3]), written[1::3], strict=True))
    assert (read["sarif"], read["sarif-file"], read["findings"]) == ("", "", "0")


def test_an_artifact_that_the_change_brings_along_is_not_handed_over(
    run_action: RunAction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPUT_ARTIFACT-DIR", "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/gitops-guard.json").write_text("forged")
    assert run_action(reporting) == FINDINGS
    assert not (tmp_path / "out/gitops-guard.json").exists()
    assert (tmp_path / "output").read_text().splitlines()[-2] == ""


def test_a_run_that_only_posts_has_no_verdict_of_its_own(
    run_action: RunAction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_EVENT_NAME", "workflow_run")
    monkeypatch.setenv("INPUT_ARTIFACT-DIR", "out")
    assert run_action(lambda _: CLEAN) == CLEAN
    assert (tmp_path / "output").read_text().splitlines()[1::3] == [""] * 8


def test_a_shard_has_no_verdict_of_its_own(
    run_action: RunAction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPUT_COMMAND", "sweep")
    monkeypatch.setenv("INPUT_SHARD", "1/2")
    monkeypatch.setenv("INPUT_SARIF-FILE", "")
    monkeypatch.setenv("INPUT_PATCH-FILE", "")
    assert run_action(lambda _: CLEAN) == CLEAN
    assert (tmp_path / "output").read_text().splitlines()[1::3] == [""] * 8
    assert run_action(lambda _: INCOMPLETE) == INCOMPLETE
    assert (tmp_path / "output").read_text().splitlines()[1::3][8] == "incomplete"


def stop_with_text(_: list[str]) -> int:
    raise SystemExit("usage")


def break_down(_: list[str]) -> int:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("command", "code", "verdict"),
    [(stop_with_text, USAGE, "usage"), (break_down, INCOMPLETE, "incomplete"), (lambda _: 77, 77, "incomplete")],
)
def test_a_failed_scan_never_looks_clean(
    run_action: RunAction, tmp_path: Path, command: Callable[[list[str]], int], code: int, verdict: str
) -> None:
    assert run_action(command) == code
    written = (tmp_path / "output").read_text().splitlines()
    assert written[1::3] == [verdict, *[""] * 7]


def test_arguments_are_the_plain_command_line(run_action: RunAction, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def looking(arguments: list[str]) -> int:
        seen.append(arguments)
        return CLEAN

    monkeypatch.setattr(sys, "argv", ["action", "check", "."])
    assert run_action(looking) == CLEAN
    assert seen == [["check", "."]]


def test_a_module_of_the_repository_is_never_imported(tmp_path: Path) -> None:
    for name in ("json", "tempfile", "gitops_guard", "secrets"):
        (tmp_path / f"{name}.py").write_text("print('HOSTILE')\n")
    ran = subprocess.run(
        [sys.executable, "-I", "-m", "gitops_guard.action", "--help"], cwd=tmp_path, capture_output=True, check=False
    )
    assert b"HOSTILE" not in ran.stdout + ran.stderr
    assert b"No module named" not in ran.stderr


def test_action_yml_declares_what_the_entrance_reads_and_writes() -> None:
    declared = yaml.safe_load((ROOT / "action.yml").read_text())
    own = {"command", "github-token", "registry-auth", "paths", "json-file", "comment-key", "matrix"}
    assert set(declared["inputs"]) == own | set(action.VALUES) | set(action.SWITCHES) | set(action.REPORTS)
    assert set(declared["outputs"]) == {"verdict", "findings", "new", "sarif", "sarif-file",
                                        "report", "patch", "artifact"}  # fmt: skip
    assert "default" not in declared["inputs"]["fail-level"]


def test_the_image_keeps_the_repository_off_the_module_search_path() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    entrance = next(json.loads(line.removeprefix("ENTRYPOINT ")) for line in lines if line.startswith("ENTRYPOINT"))
    assert entrance[1:] == ["-I", "-m", "gitops_guard.action"]


@pytest.mark.parametrize("file", sorted((ROOT / "examples/workflows").glob("*.yml")), ids=lambda file: file.name)
def test_the_workflows_to_copy_use_what_there_is(file: Path) -> None:
    declared = yaml.safe_load((ROOT / "action.yml").read_text())
    text = file.read_text()
    steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
    ours = [step for step in steps if step.get("uses", "").startswith("gitops-guard/")]
    assert ours
    assert {name for step in ours for name in step.get("with", {})} <= set(declared["inputs"])
    assert set(re.findall(r"steps\.guard\.outputs\.([\w-]+)", text)) <= set(declared["outputs"])
    assert all(re.search(r"@[0-9a-f]{40}$", step["uses"]) for step in steps if "uses" in step)


def test_actions_are_named_by_commit() -> None:
    used = [
        line.split("uses:")[1].split()[0]
        for workflow in (ROOT / ".github/workflows").glob("*.yml")
        for line in workflow.read_text().splitlines()
        if "uses:" in line
    ]
    assert len(used) > 1
    assert [name for name in used if name != "./" and re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name) is None] == []
