"""The action's inputs for sweeps, and the example workflows that use them."""

from pathlib import Path

import pytest
import yaml

from gitops_guard import action, cli
from gitops_guard.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / "examples" / "workflows").glob("sweep*.yml"))


def inputs(**values: str) -> dict[str, str]:
    return {"INPUT_" + name.upper().replace("_", "-"): value for name, value in values.items()}


@pytest.mark.parametrize(
    ("given_inputs", "expected"),
    [
        (
            inputs(command="sweep", publish="true", upload_sarif="true", category="night", fail_level="none"),
            ("sweep", "--fail-level=none", "--category=night", "--publish", "--upload-sarif", "--report=json=r.json"),
        ),
        (inputs(command="sweep", shard="3/8"), ("sweep", "--shard=3/8")),
        (inputs(command="sweep", repos="acme", publish="true"), ("sweep", "--repos=acme", "--publish")),
        (
            inputs(command="merge", paths="one.shard\n-two.shard", dry_run="true"),
            ("merge", "--dry-run", "--report=json=r.json", "--", "one.shard", "-two.shard"),
        ),
    ],
)
def test_inputs_become_arguments(given_inputs: dict[str, str], expected: tuple[str, ...]) -> None:
    found = action.command_line(given_inputs, "r.json")
    assert found == expected
    cli.parser().parse_args(found)


@pytest.mark.parametrize("name", ["shard", "repos", "publish", "upload_sarif", "category"])
def test_inputs_of_a_sweep_have_no_meaning_elsewhere(name: str) -> None:
    with pytest.raises(UsageError):
        action.command_line(inputs(command="check", **{name: "true"}), "r.json")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.name))
def test_the_examples_use_inputs_that_there_are(path: Path) -> None:
    known = set(yaml.safe_load((ROOT / "action.yml").read_text())["inputs"])
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    steps = [step for job in jobs for step in job["steps"] if step.get("uses", "").startswith("gitops-guard/")]
    assert steps
    for step in steps:
        assert set(step["with"]) <= known
        assert step["with"]["command"] in action.COMMANDS


def test_there_are_examples() -> None:
    assert [path.name for path in WORKFLOWS] == ["sweep-matrix.yml", "sweep-repositories.yml", "sweep.yml"]
