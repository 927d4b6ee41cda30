"""The reports of `network infer`."""

import json
from pathlib import Path

import pytest

from gitops_guard.cli import main
from gitops_guard.commands.network.infer import as_console, as_json
from gitops_guard.report import Coverage
from gitops_guard.source_file import Skipped
from inferred_edges import config_map, env, inferred, service, workload

COVERAGE = Coverage(("app.yaml",), (), (Skipped("bad.yaml", "not valid YAML"),))
TEXT = (
    service("db", "[{port: 5432}]")
    + workload("db")
    + config_map("conf", "DB_URL: postgres://db:5432")
    + workload("web", env("A_URL=https://a.example.com", "B_HOST=gone") + "\nenvFrom: [{configMapRef: {name: conf}}]")
)


def test_the_json_report_holds_edges_with_their_evidence() -> None:
    value = json.loads(as_json(inferred(TEXT), COVERAGE))
    edge = next(edge for edge in value["edges"] if edge["target"] == "default/Deployment/db")
    assert edge["source"] == "default/Deployment/web"
    assert edge["ports"] == ["TCP 5432"]
    assert edge["confidence"] == "high"
    (proof,) = edge["evidence"]
    assert (proof["path"], proof["keypath"], proof["text"]) == (
        "app0.yaml",
        "data.DB_URL",
        "DB_URL: postgres://db:5432",
    )
    assert proof["through"]["keypath"] == "spec.template.spec.containers[0].envFrom[0].configMapRef.name"
    assert value["summary"]["unresolved_by_reason"] == {"unknown-service": 1}
    assert value["coverage"]["failed"] == [{"path": "bad.yaml", "reason": "not valid YAML"}]


def test_an_external_edge_carries_its_host() -> None:
    value = json.loads(as_json(inferred(TEXT), COVERAGE))
    assert [edge["host"] for edge in value["edges"] if edge["target"] == "external"] == ["a.example.com"]


def test_the_console_shows_every_edge_and_every_gap() -> None:
    shown = as_console(inferred(TEXT), COVERAGE)
    assert "default/Deployment/web -> default/Deployment/db  TCP 5432  [high]" in shown
    assert "default/Deployment/web: gone (no Service gone in the namespace default is in the repository)" in shown
    assert "not read: bad.yaml" in shown


def test_control_characters_of_a_manifest_do_not_reach_the_terminal() -> None:
    text = workload("web", 'args: ["http://gone\\e[31m:80", "--x=\\e[2Jhttp://lost"]')
    assert "\x1b" not in as_console(inferred(text), COVERAGE)


def test_the_order_of_files_does_not_change_the_result() -> None:
    parts = TEXT.split("---\n")[1:]
    one = inferred(*("---\n" + part for part in parts))
    other = inferred(**{f"app{index}": "---\n" + part for index, part in reversed(list(enumerate(parts)))})
    assert as_json(one, COVERAGE) == as_json(other, COVERAGE)


def test_the_report_on_files_says_what_it_could_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.yaml").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out"
    assert main(["network", "infer", "--format", "json", "--output", str(out)]) == 0
    assert {edge["target"] for edge in json.loads(out.read_text())["edges"]} == {"default/Deployment/db", "external"}
    (tmp_path / "bad.yaml").write_text("apiVersion: v1\nkind: [")
    assert main(["network", "infer", "--format", "json", "--output", str(out)]) == 3
    assert [one["path"] for one in json.loads(out.read_text())["coverage"]["failed"]] == ["bad.yaml"]
    assert main(["network", "infer", "bad.yaml", "--output", str(out)]) == 3
    assert "not read: bad.yaml" in out.read_text()
