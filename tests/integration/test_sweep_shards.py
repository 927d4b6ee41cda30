"""A sweep in shards gives, byte for byte, the report of the sweep at once."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gitops_guard import pipeline
from gitops_guard.cli import main
from gitops_guard.facts.image import ImageFacts, Unknown
from gitops_guard.facts.known import NOTHING_KNOWN, KnownImages
from gitops_guard.settings import Settings
from gitops_guard.sharding import file as shard_file
from gitops_guard.sharding.plan import Shard
from gitops_guard.sweeping.scan import judge_shards, scan_shard, scan_tree
from integration.sweeping import CONFIGURATION, POD, commit, git, repository

POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
FILES = {
    ".gitops-guard.yaml": CONFIGURATION + "exclude: [old/]\n"
    "builds: [{dockerfile: web/Dockerfile, image: example.org/web}]\n"
    "waivers: [{rule: GG-POD-001, paths: [apps/b/], owner: o, reason: r, expires: 2099-01-01}]\n",
    # A workload and the policy of its namespace, a Dockerfile and the workload that runs its image, and one image in
    # many places: what is found in one folder depends on others.
    "apps/a/pod.yaml": POD.format(name="a"),
    "apps/b/pod.yaml": POD.format(name="b") + "# gitops-guard:ignore=GG-POD-011\n",
    "apps/c/pod.yaml": POD.format(name="c").replace("nginx:1.27.0", "example.org/web:1")
    + "      livenessProbe: {httpGet: {path: /, port: 80}}\n",
    "policies/all.yaml": POLICY,
    "web/Dockerfile": "FROM debian:12\nEXPOSE 80\nCMD /web\n",
    "web/.dockerignore": "*\n",
    "old/pod.yaml": POD.format(name="old"),
    "broken/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: [\n",
    "chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    "chart/values.yaml": "image: {repository: nginx, tag: 1.27.0}\n",
    "chart/templates/pod.yaml": POD.format(name="{{ .Values.x }}"),
    "node_modules/x/a.yaml": POD.format(name="x"),
    "caf\u00e9/a b.yaml": POD.format(name="d"),
    "root.yaml": POD.format(name="root"),
}


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = repository(tmp_path, dict(FILES))
    monkeypatch.chdir(path)
    return path


def scan(folder: Path, total: int, *arguments: str) -> list[str]:
    """The files of all shards."""
    shards = [str(folder / f"{number}-of-{total}.shard") for number in range(1, total + 1)]
    for number, shard in enumerate(shards, 1):
        assert main(["sweep", "--shard", f"{number}/{total}", "--output", shard, *arguments]) == 0
    return shards


def report(command: list[str], target: Path, code: int = 0) -> bytes:
    assert main([*command, "--format", "json", "--output", str(target)]) == code
    return target.read_bytes()


@pytest.mark.parametrize("total", [1, 2, 5, 32])
def test_the_merged_report_is_the_one_of_the_whole(tmp_path: Path, total: int) -> None:
    whole = report(["sweep"], tmp_path / "whole.json")
    shards = scan(tmp_path, total)
    assert report(["merge", *reversed(shards)], tmp_path / "merged.json") == whole
    value = json.loads(whole)
    assert any("also_at" in finding for finding in value["findings"])
    assert {"waived", "existing"} == {finding["status"] for finding in value["findings"]}
    assert len(value["coverage"]["failed"]) == 1


def test_a_sweep_is_a_check_of_the_tree_without_the_time(tmp_path: Path) -> None:
    swept = json.loads(report(["sweep"], tmp_path / "sweep.json"))
    checked = json.loads(report(["check"], tmp_path / "check.json"))
    assert swept.pop("timing") == {"seconds": 0.0}
    del checked["timing"]
    assert swept == checked


def test_paths_and_rules_hold_for_the_whole(tmp_path: Path) -> None:
    words = ["apps", "web/Dockerfile", "--rule", "GG-POD-001", "--rule", "GG-NET-001"]
    whole = report(["sweep", *words], tmp_path / "whole.json")
    assert report(["merge", *scan(tmp_path, 3, *words)], tmp_path / "merged.json") == whole
    assert {finding["rule_id"] for finding in json.loads(whole)["findings"]} == {"GG-POD-001", "GG-NET-001"}


def test_a_missing_shard_is_never_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shards = scan(tmp_path, 4)
    holder = next(shard for shard in shards if "apps/a/pod.yaml" in Path(shard).read_text())
    shards.remove(holder)
    value = json.loads(report(["merge", *shards], tmp_path / "merged.json", code=3))
    assert "apps/a/pod.yaml" in {failed["path"] for failed in value["coverage"]["failed"]}
    assert "is missing" in capsys.readouterr().err
    # The policy of the namespace may lie in the missing shard: nothing is said of the whole.
    assert not [finding for finding in value["findings"] if finding["rule_id"] == "GG-NET-001"]


def test_shards_that_do_not_belong_together_are_refused(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (first, second), thirds = scan(tmp_path, 2), scan(tmp_path, 3)
    for shards in ([first, thirds[1]], [first, first]):
        assert main(["merge", *shards]) == 3
    commit(tree, {"new.yaml": "a: 1\n"})
    assert main(["merge", first, second]) == 3
    assert main(["merge", first, scan(tmp_path, 2)[1], "--format", "json"]) == 0
    capsys.readouterr()


def test_another_configuration_than_the_one_of_the_shards_is_refused(tree: Path, tmp_path: Path) -> None:
    shards = scan(tmp_path, 2)
    (tree / ".gitops-guard.yaml").write_text("fail_level: none\nrules: {GG-POD-001: off}\n")
    assert main(["merge", *shards]) == 3


def test_an_item_of_another_shard_is_refused(tmp_path: Path) -> None:
    shards = scan(tmp_path, 2)
    values = [json.loads(Path(shard).read_text()) for shard in shards]
    values[0]["items"].append(values[1]["items"].pop())
    for shard, value in zip(shards, values, strict=True):
        Path(shard).write_text(json.dumps(value))
    assert main(["merge", *shards]) == 3


@pytest.mark.parametrize("option", ["--publish", "--upload-sarif", "--dry-run", "--report=json=x", "--format=json"])
def test_a_shard_takes_nothing_that_belongs_to_the_whole(option: str) -> None:
    assert main(["sweep", "--shard", "1/2", option]) == 2


def test_a_shard_that_lies_in_the_tree_is_not_swept(tree: Path, tmp_path: Path) -> None:
    whole = report(["sweep"], tmp_path / "whole.json")
    for number in (1, 2):
        assert main(["sweep", "--shard", f"{number}/2"]) == 0
    shards = [f"gitops-guard-{number}-of-2.shard" for number in (1, 2)]
    assert report(["merge", *shards], tmp_path / "merged.json") == whole
    assert git(tree, "status", "--porcelain").count(".shard") == 2


def test_what_is_known_of_images_is_handed_over(tree: Path, tmp_path: Path) -> None:
    facts = {
        "docker.io/library/nginx:1.27.0": ImageFacts(
            "docker.io/library/nginx:1.27.0",
            tag_digest="sha256:" + "a" * 64,
            created=datetime(2020, 1, 1, tzinfo=UTC),
            platforms=("linux/amd64",),
        ),
        "docker.io/library/debian:12": ImageFacts(
            "docker.io/library/debian:12", unknown=(Unknown("config", "offline"),)
        ),
    }
    run = pipeline.Run(str(tree), Settings(), date(2026, 11, 25), known=KnownImages(facts, asked=True))
    shards = []
    for number in (1, 2, 3):
        target = tmp_path / f"{number}.shard"
        target.write_text("".join(shard_file.render(scan_shard(run, (), Shard(number, 3)))))
        shards.append(shard_file.read(str(target)))
    whole = scan_tree(run, ()).report
    merged = judge_shards(run._replace(known=NOTHING_KNOWN), shards).report
    assert merged._replace(seconds=0.0) == whole._replace(seconds=0.0)
    assert any(row.facts is not None and row.facts.created is not None for row in merged.images)


@pytest.mark.parametrize("path", ["/etc", "../..", "apps/../../x"])
def test_paths_out_of_the_tree_are_refused(tmp_path: Path, path: str) -> None:
    assert main(["sweep", "--shard", "1/2", path]) == 2
    shards = scan(tmp_path, 2)
    for shard in shards:
        value = json.loads(Path(shard).read_text())
        value["tree"]["paths"] = [path]
        Path(shard).write_text(json.dumps(value))
    assert main(["merge", *shards]) == 2
