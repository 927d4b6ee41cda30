"""Images as a person meets them: `images`, `check` and `fix` against a real registry and scanners' reports."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gitops_guard.cli import main
from gitops_guard.schemas import schema_text
from integration.registries import asking, debian_registry, push, put_manifest, reference, tiny_image

pytestmark = pytest.mark.real

NOW = datetime.now(UTC)
OLD = "2024-01-02T03:04:05Z"
FRESH = (NOW - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  selector:
    matchLabels: {{app: web}}
  template:
    metadata:
      labels: {{app: web}}
    spec:
      containers:
        - name: web
          image: {image}
"""


KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("registry")
    with debian_registry(folder / "registry") as found:
        for tag, created in (("1.27.4", OLD), ("1.27.5", FRESH), ("1.27.6", FRESH), ("1.28.0-rc1", FRESH)):
            push(tiny_image(folder / tag, created=created, labels={"tag": tag}), found, "team/web", tag)
        push(tiny_image(folder / "arm", created=FRESH, architecture="arm64"), found, "team/web", "arm")
        index(found)
        yield found


def index(host: str) -> None:
    """Makes `multi` an index of two platforms."""
    registry = asking(host).registry
    manifests = []
    for tag, architecture in (("1.27.5", "amd64"), ("arm", "arm64")):
        named = registry.head(reference(host, "team/web", tag))
        size = len(json.dumps(dict(registry.manifest(reference(host, "team/web"), named.digest).body)))
        manifests.append({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": named.digest, "size": size,
            "platform": {"os": "linux", "architecture": architecture},
        })  # fmt: skip
    media = "application/vnd.oci.image.index.v1+json"
    put_manifest(host, "team/web", "multi", {"schemaVersion": 2, "mediaType": media, "manifests": manifests})


def digest(host: str, tag: str) -> str:
    return asking(host).registry.head(reference(host, "team/web", tag)).digest


class Folder:
    """A repository on disk, and the command line in it."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path / "repository"
        self.path.mkdir()
        monkeypatch.chdir(self.path)
        monkeypatch.setenv("XDG_CACHE_HOME", str(path / "cache"))
        monkeypatch.setenv("HOME", str(path))

    def write(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=self.path, check=True, capture_output=True)

    def run(self, *arguments: str, code: int = 0) -> str:
        out = self.path.parent / "out"
        assert main([*arguments, "--output", str(out)]) == code
        return out.read_text()

    def images(self, *arguments: str) -> list[dict[str, Any]]:
        value = json.loads(self.run("images", "--format", "json", *arguments))
        schema = json.loads(schema_text("report"))
        item = {"$schema": schema["$schema"], **schema["properties"]["images"], "$defs": schema["$defs"]}
        Draft202012Validator(item).validate(value["images"])
        found: list[dict[str, Any]] = value["images"]
        return found

    def check(self, *arguments: str) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.run("check", "--format", "json", "--fail-level", "none", *arguments))
        Draft202012Validator(json.loads(schema_text("report"))).validate(report)
        return report


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    return Folder(tmp_path, monkeypatch)


def configuration(host: str, more: str = "") -> str:
    return f"registries:\n  - host: {host}\n    private: true\n    plain_http: true\n{more}"


def trivy(subject: str, of: str, *found: dict[str, str], when: str = FRESH) -> str:
    """A report of Trivy about an image of Debian."""
    return json.dumps({
        "SchemaVersion": 2, "CreatedAt": when, "ArtifactName": subject, "ArtifactType": "container_image",
        "Metadata": {"OS": {"Family": "debian", "Name": "12.5"}, "RepoDigests": [f"{subject.rpartition(':')[0]}@{of}"]},
        "Results": [{
            "Target": "debian 12.5", "Class": "os-pkgs", "Type": "debian", "Packages": [{"Name": "openssl"}],
            "Vulnerabilities": list(found),
        }],
    })  # fmt: skip


BAD = {
    "VulnerabilityID": "CVE-2026-0001", "PkgName": "openssl", "InstalledVersion": "3.0.1", "FixedVersion": "3.0.2",
    "Severity": "CRITICAL",
}  # fmt: skip


def rules(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["rule_id"]: finding for finding in report["findings"]}


def test_every_image_is_listed_with_what_its_registry_knows(host: str, folder: Folder) -> None:
    folder.write(".gitops-guard.yaml", configuration(host))
    folder.write("app.yaml", DEPLOYMENT.format(image=f"{host}/team/web:1.27.4"))
    folder.write("Dockerfile", f"FROM {host}/team/web:multi\nCOPY --from=evil.example/tool:1 /t /t\n")
    refused, web, multi = sorted(folder.images(), key=lambda one: ("evil" not in one["reference"], one["reference"]))
    assert web["facts"]["digest"] == digest(host, "1.27.4")
    assert web["facts"]["created"] == "2024-01-02T03:04:05+00:00"
    assert [(one["path"], one["line"], one["column"], one["role"]) for one in web["places"]] == [
        ("app.yaml", 15, 18, "container")
    ]
    assert web["suggestion"].endswith(digest(host, "1.27.4"))
    assert multi["facts"]["is_index"]
    assert multi["facts"]["platforms"] == ["linux/amd64", "linux/arm64"]
    assert multi["facts"]["platform_digest"] == digest(host, "1.27.5")
    assert "not asked" in refused["facts"]["unknown"][0]["reason"]
    assert refused["facts"]["digest"] == ""


def test_a_second_run_asks_nothing(host: str, folder: Folder) -> None:
    folder.write(".gitops-guard.yaml", configuration(host))
    folder.write("app.yaml", DEPLOYMENT.format(image=f"{host}/team/web:1.27.5"))
    first = folder.images()
    folder.write(".gitops-guard.yaml", configuration("127.0.0.1:1") + "  # nobody listens there\n")
    assert folder.images()[0]["facts"] == first[0]["facts"]


def test_one_finding_and_one_patch_for_an_image_in_several_files(host: str, folder: Folder) -> None:
    folder.write(".gitops-guard.yaml", configuration(host))
    image = f"{host}/team/web:multi"
    folder.write("a/app.yaml", DEPLOYMENT.format(image=image))
    folder.write("b/Dockerfile", f"FROM {image}\nUSER 1000\n")
    folder.write("c/values.yaml", f"image:\n  repository: {host}/team/web\n  tag: multi\n")
    folder.write("d/kustomization.yaml", f"{KUSTOMIZATION}images:\n  - name: {host}/team/web\n    newTag: multi\n")
    found = [one for one in folder.check("--patches")["findings"] if one["rule_id"] == "GG-IMG-004"]
    assert len(found) == 1
    assert [one["path"] for one in found[0]["also_at"]] == ["b/Dockerfile", "c/values.yaml", "d/kustomization.yaml"]
    patch = found[0]["fix"]["patch"]
    pinned = digest(host, "multi")
    assert f"+          image: {image}@{pinned}" in patch
    assert f"+FROM {image}@{pinned}" in patch
    assert f"+  tag: multi@{pinned}" in patch
    assert f"+    digest: {pinned}" in patch
    (folder.path / "one.patch").write_text(patch)
    folder.git("init", "-q")
    folder.git("apply", "one.patch")
    assert [one for one in folder.check()["findings"] if one["rule_id"] in {"GG-IMG-003", "GG-IMG-004"}] == []


def test_moves_to_the_lowest_newer_tag_whose_scan_keeps_the_policy(host: str, folder: Folder) -> None:
    folder.write(".gitops-guard.yaml", configuration(host, "scan_reports: [scans/*.json]\n"))
    folder.write("app.yaml", DEPLOYMENT.format(image=f"{host}/team/web:1.27.4"))
    for tag, found in (("1.27.4", (BAD,)), ("1.27.5", (BAD,)), ("1.27.6", ()), ("1.28.0-rc1", ())):
        folder.write(f"scans/{tag}.json", trivy(f"{host}/team/web:{tag}", digest(host, tag), *found))
    finding = rules(folder.check("--patches"))["GG-IMG-007"]
    assert finding["severity"] == "critical"
    assert "CVE-2026-0001" in finding["message"]
    assert "1 critical, 0 high, 0 medium, 0 low; 1 fixable become 0 critical" in finding["fix"]["title"]
    assert f"+          image: {host}/team/web:1.27.6\n" in finding["fix"]["patch"]
    assert main(["fix", "--write"]) == 0
    assert f"image: {host}/team/web:1.27.6@{digest(host, '1.27.6')}\n" in (folder.path / "app.yaml").read_text()


def test_a_stale_scan_recommends_no_tag(host: str, folder: Folder) -> None:
    folder.write(".gitops-guard.yaml", configuration(host, "scan_reports: [scans/*.json]\n"))
    folder.write("app.yaml", DEPLOYMENT.format(image=f"{host}/team/web:1.27.4"))
    folder.write("scans/1.json", trivy(f"{host}/team/web:1.27.4", digest(host, "1.27.4"), BAD))
    folder.write("scans/2.json", trivy(f"{host}/team/web:1.27.6", digest(host, "1.27.6"), when=OLD))
    assert rules(folder.check("--patches"))["GG-IMG-007"]["fix"] is None


def test_the_snapshot_decides_the_same_offline(host: str, folder: Folder) -> None:
    approved = f"approved_images:\n  - repository: {host}/team/web\n    max_age_days: 30\n    worst_severity: medium\n"
    folder.write(".gitops-guard.yaml", configuration(host, f"scan_reports: [scans/*.json]\n{approved}"))
    for tag in ("1.27.4", "1.27.6"):
        folder.write(f"{tag}.yaml", DEPLOYMENT.format(image=f"{host}/team/web:{tag}"))
    folder.write("scans/1.json", trivy(f"{host}/team/web:1.27.4", digest(host, "1.27.4"), BAD))
    folder.write("scans/2.json", trivy(f"{host}/team/web:1.27.6", digest(host, "1.27.6")))
    online = {(one["rule_id"], one["path"], one["message"]) for one in folder.check()["findings"]}
    assert main(["images", "--snapshot"]) == 0
    folder.write(
        ".gitops-guard.yaml",
        (folder.path / ".gitops-guard.yaml").read_text().replace(f"host: {host}", "host: 127.0.0.1:1"),
    )
    (folder.path / "scans/1.json").unlink()
    offline = {(one["rule_id"], one["path"], one["message"]) for one in folder.check("--offline")["findings"]}
    assert offline == online
    assert {rule for rule, _, _ in online} >= {"GG-IMG-002", "GG-IMG-007", "GG-IMG-012"}
    text = (folder.path / ".gitops-guard.images.json").read_text()
    assert digest(host, "1.27.6") in text
    folder.write(".gitops-guard.images.json", text.replace(NOW.strftime("%Y-%m-%d"), "2026-01-01"))
    assert "(as of 2026-01-01)" in folder.run("check", "--offline", "--format", "markdown", code=1)


def test_offline_without_a_snapshot_knows_nothing_and_says_so(folder: Folder) -> None:
    folder.write(".gitops-guard.yaml", "approved_images:\n  - repository: nginx\n    max_age_days: 30\n")
    folder.write("app.yaml", DEPLOYMENT.format(image="nginx:1.27.4"))
    finding = rules(folder.check("--offline"))["GG-IMG-002"]
    assert finding["severity"] == "low"
    assert "no registry and no scanner was asked" in finding["message"]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"schema_version": "1", "images": {"a": {"reference": 1}}}', "[" * 100_000]
)
def test_a_damaged_snapshot_is_an_error_with_what_to_do(
    text: str, folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write("app.yaml", DEPLOYMENT.format(image="nginx:1.27.4"))
    folder.write(".gitops-guard.images.json", text)
    assert main(["check", "--offline"]) == 2
    assert "gitops-guard images --snapshot" in capsys.readouterr().err


def test_a_change_brings_no_evidence_for_itself(host: str, folder: Folder) -> None:
    """Neither a clean report nor a snapshot that a pull request adds makes its image pass."""
    approved = f"approved_images:\n  - repository: {host}/team/web\n    worst_severity: medium\n"
    folder.write(".gitops-guard.yaml", configuration(host, f"scan_reports: [scans/*.json]\n{approved}"))
    folder.write("scans/old.json", trivy(f"{host}/team/web:1.27.4", digest(host, "1.27.4"), BAD))
    folder.git("init", "-q", "-b", "main")
    folder.git("add", "-A")
    folder.git("commit", "-qm", "base")
    folder.git("checkout", "-qb", "change")
    folder.write("app.yaml", DEPLOYMENT.format(image=f"{host}/team/web:1.27.5"))
    folder.write("scans/fake.json", trivy(f"{host}/team/web:1.27.5", digest(host, "1.27.5")))
    folder.git("add", "-A")
    folder.git("commit", "-qm", "change")
    report = folder.check("--base", "main")
    assert "missing" in rules(report)["GG-IMG-002"]["message"]
    assert "no report speaks of this image" in rules(report)["GG-IMG-010"]["message"]
    assert report["images"][0]["status"] == "new"
    assert main(["images", "--snapshot"]) == 0
    folder.git("add", "-A")
    folder.git("commit", "-qm", "snapshot")
    assert "was asked" in rules(folder.check("--base", "main", "--offline"))["GG-IMG-002"]["message"]


def test_a_change_from_one_refused_image_to_another_is_new(folder: Folder) -> None:
    folder.write(".gitops-guard.yaml", "approved_images:\n  - repository: registry.example.com/**\n")
    folder.write("app.yaml", DEPLOYMENT.format(image="evil.example/one:1.0.0"))
    folder.git("init", "-q", "-b", "main")
    folder.git("add", "-A")
    folder.git("commit", "-qm", "base")
    folder.write("app.yaml", DEPLOYMENT.format(image="evil.example/two:1.0.0"))
    report = folder.check("--base", "main", "--offline")
    assert "evil.example/two" in rules(report)["GG-IMG-002"]["message"]
    assert [one["rule_id"] for one in report["fixed"]].count("GG-IMG-002") == 1


def test_a_budget_that_is_spent_is_said_and_never_passes(host: str, folder: Folder) -> None:
    folder.write(
        ".gitops-guard.yaml",
        configuration(host, "image_policy:\n  budget_seconds: 0\n  unknown: high\napproved_images:\n")
        + f"  - repository: {host}/team/*\n    max_age_days: 30\n",
    )
    folder.write("app.yaml", DEPLOYMENT.format(image=f"{host}/team/web:1.27.5"))
    found = rules(folder.check())
    assert found["GG-IMG-002"]["severity"] == "high"
    assert "budget" in found["GG-IMG-002"]["message"]
    assert "budget" in found["GG-IMG-010"]["message"]


def test_an_image_is_followed_from_its_dockerfile_to_the_workloads(folder: Folder) -> None:
    probe = "          readinessProbe: {httpGet: {path: /, port: 80}}\n"
    folder.write(".gitops-guard.yaml", "builds:\n  - dockerfile: api/Dockerfile\n    image: registry.example.com/api\n")
    folder.write("app.yaml", DEPLOYMENT.format(image="registry.example.com/api:1.0.0"))
    folder.write("api/Dockerfile", "FROM debian:12.5-slim\n")
    label = 'LABEL org.opencontainers.image.ref.name="registry.example.com/worker:1"\n'
    folder.write("worker/Dockerfile", f"FROM debian:12.6-slim\n{label}")
    folder.write("worker.yaml", DEPLOYMENT.format(image="registry.example.com/worker:1.0.0") + probe)
    rows = {one["reference"]: one for one in folder.images("--offline")}
    assert rows["docker.io/library/debian:12.5-slim"]["runs_in"] == ["Deployment shop/web"]
    assert rows["registry.example.com/api:1.0.0"]["built_from"] == "api/Dockerfile"
    assert rows["registry.example.com/worker:1.0.0"]["built_from"] == "worker/Dockerfile"
    silent = [one["path"] for one in folder.check("--offline")["findings"] if one["rule_id"] == "GG-DKR-013"]
    assert silent == ["api/Dockerfile"]


def test_a_probe_in_an_unchanged_manifest_settles_the_health_check_of_a_changed_dockerfile(folder: Folder) -> None:
    probe = "          livenessProbe: {httpGet: {path: /, port: 80}}\n"
    folder.write(".gitops-guard.yaml", "builds:\n  - dockerfile: api/Dockerfile\n    image: registry.example.com/api\n")
    folder.write("app.yaml", DEPLOYMENT.format(image="registry.example.com/api:1.0.0") + probe)
    folder.git("init", "-q", "-b", "main")
    folder.git("add", "-A")
    folder.git("commit", "-qm", "base")
    folder.write("api/Dockerfile", "FROM debian:12.5-slim\n")
    folder.write("other/Dockerfile", "FROM debian:12.5-slim\n")
    folder.git("add", "-A")
    report = folder.check("--base", "main", "--offline")
    assert [one["path"] for one in report["findings"] if one["rule_id"] == "GG-DKR-013"] == ["other/Dockerfile"]


def test_the_proposed_list_approves_what_is_used_today(folder: Folder) -> None:
    folder.write("app.yaml", DEPLOYMENT.format(image="nginx:1.27.4"))
    folder.write(
        "Dockerfile", "ARG V\nFROM python:3.12.7-slim AS a\nFROM quay.io/team/go@sha256:" + "a" * 64 + "\nFROM b:$V\n"
    )
    proposed = folder.run("images", "--propose", "--offline")
    assert "# not resolved: Dockerfile:4" in proposed
    folder.write(".gitops-guard.yaml", proposed)
    found = [one for one in folder.check("--offline")["findings"] if one["rule_id"] in {"GG-IMG-001", "GG-IMG-002"}]
    assert [(one["severity"], one["start_line"]) for one in found] == [("low", 4)]


def test_images_in_markdown_and_on_a_terminal(host: str, folder: Folder) -> None:
    folder.write(
        ".gitops-guard.yaml", configuration(host, f"approved_images:\n  - repository: {host}/**\n    owner: web\n")
    )
    folder.write("app.yaml", DEPLOYMENT.format(image=f"{host}/team/web:1.27.4"))
    markdown = folder.run("images", "--format", "markdown")
    assert f"approved by {host}/\\*\\* (owner web)" in markdown
    console = folder.run("images")
    assert "app.yaml:15:18  container of Deployment shop/web, container web" in console
    assert "1 image in 1 place" in console
    assert all(len(line) <= 80 for line in console.splitlines())
