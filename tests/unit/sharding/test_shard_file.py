"""The file of a shard: read back as it was written, and refused when it is anything else."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gitops_guard import pipeline
from gitops_guard.errors import SourceError, UsageError
from gitops_guard.settings import Settings
from gitops_guard.sharding.file import ShardFile, read, render
from gitops_guard.sharding.plan import Shard, parse_shard, shard_of
from gitops_guard.sweeping.scan import scan_shard

FILES = {
    "a/Dockerfile": "FROM debian:latest\nRUN curl http://x | sh\n# hadolint ignore=DL3008\nRUN apt-get install x\n",
    "a/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: s}\n"
    "spec: {containers: [{name: c, image: 'nginx:${TAG}', securityContext: {privileged: true}}]}\n",
    "b/policy.yaml": "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: s}\n"
    "spec: {podSelector: {matchExpressions: [{key: a, operator: In, values: [b]}]}, policyTypes: [Ingress],\n"
    "  ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: http}, {port: 1}]}]}\n",
    "b/service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: v, namespace: s}\n"
    "spec: {selector: {a: b}, ports: [{port: 80, targetPort: http}]}\n",
    "c/broken.yaml": "apiVersion: v1\nkind: Pod\nmetadata: [\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def shard(tree: Path, number: int = 1, total: int = 1) -> ShardFile:
    run = pipeline.Run(str(tree), Settings(), date(2026, 11, 25))
    return scan_shard(run, (), Shard(number, total))


def written(tree: Path, folder: Path) -> Path:
    target = folder / "one.shard"
    target.write_text("".join(render(shard(tree))))
    return target


def test_what_is_written_is_read_back(tree: Path, tmp_path: Path) -> None:
    one = shard(tree)
    assert [kind for _, seen in one.items for kind in (type(fact).__name__ for fact in seen.facts)] == [
        "WorkloadFact",
        "PolicyFact",
        "ServiceFact",
    ]
    assert any(seen.ignores for _, seen in one.items)
    assert any(seen.images for _, seen in one.items)
    assert any(seen.failed for _, seen in one.items)
    assert read(str(written(tree, tmp_path))) == one


def test_files_of_a_folder_stay_together_and_every_machine_agrees() -> None:
    assert shard_of("a/x.yaml", 8) == shard_of("a/y.yaml", 8)
    assert [shard_of(f"apps/{name}/a.yaml", 8) for name in ("shop", "pay", "mail")] == [4, 8, 7]
    assert shard_of("caf\udce9/a.yaml", 8) in range(1, 9)


def test_each_file_is_in_exactly_one_shard(tree: Path) -> None:
    shards = [shard(tree, number, 3) for number in (1, 2, 3)]
    assert sorted(number for one in shards for number, _ in one.items) == list(range(len(FILES)))
    assert len({one.tree for one in shards}) == 1


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/0", "a/b", "1/257", "-1/2", "1/2/3", "\u0661/2"])
def test_an_impossible_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_shard(text)


def _change(value: dict[str, Any], path: list[Any], new: object) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (["version"], "2"),
        (["tool"], "9.9.9"),
        (["shard"], [2, 1]),
        (["shard"], [True, True]),
        (["shard"], "1/1"),
        (["day"], "tomorrow"),
        (["tree", "candidates"], "5"),
        (["tree", "paths"], [1]),
        (["items"], {}),
        (["items", 0], []),
        (["items", 0, 1], "../../etc/passwd"),
        (["items", 1, 4, 0, 0, 2], 99),
        (["items", 1, 4, 0, 0, 3], None),
        (["items", 1, 4, 0, 0, 4, 0], "../../../etc/passwd"),
        (["items", 1, 5, 0, 0], "Popen"),
        (["items", 1, 5, 0, 1, 0, 0], "/etc/passwd"),
        (["items", 1, 6, 0, 1], "no-such-role"),
        (["known"], 7),
    ],
)
def test_a_tampered_shard_is_refused_in_one_line(tree: Path, tmp_path: Path, path: list[Any], new: object) -> None:
    target = written(tree, tmp_path)
    value = json.loads(target.read_text())
    _change(value, path, new)
    target.write_text(json.dumps(value))
    with pytest.raises(SourceError) as caught:
        read(str(target))
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"format": "gitops-guard/shard"}', "\0"])
def test_what_is_no_shard_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.shard").write_text(text)
    with pytest.raises(SourceError):
        read(str(tmp_path / "x.shard"))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read(str(tmp_path / "nothing.shard"))
