"""The `scans` command as people run it: rows, JSON, exit codes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from unit.scanners import scan_report_samples as samples


def scans(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gitops_guard", "scans", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def rows(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = scans(folder, *arguments, "--format", "json")
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    below = tmp_path / "reports" / "nested"
    below.mkdir(parents=True)
    found = samples.trivy(samples.trivy_vulnerability(), samples.trivy_vulnerability(PkgPath="a", FixedVersion=""))
    (tmp_path / "reports" / "api.json").write_text(json.dumps(found))
    (below / "grype.json").write_text(json.dumps(samples.grype()))
    (below / "trivy.sarif").write_text(json.dumps(samples.sarif()))
    (below / "notes.txt").write_text("not a report")
    return tmp_path


def test_json_rows_hold_what_was_read(reports: Path) -> None:
    (row,) = rows(reports, "reports/api.json")
    assert row == {
        "path": "reports/api.json",
        "format": "trivy",
        "subject": samples.IMAGE,
        "digest": samples.DIGEST,
        "platform": "linux/amd64",
        "scanner": "Trivy",
        "scanned_at": "2026-05-19T10:00:00.123456Z",
        "state": "findings",
        "counts": {"critical": 0, "high": 2, "medium": 0, "low": 0, "unknown": 0},
        "fixable": 1,
        "reason": "",
    }


@pytest.mark.parametrize("word", ["reports", "reports/**/*.*n", "reports/api.json"])
def test_files_folders_and_globs_are_read_once_each(reports: Path, word: str) -> None:
    found = [row["path"] for row in rows(reports, word, "reports")]
    assert sorted(found) == ["reports/api.json", "reports/nested/grype.json", "reports/nested/trivy.sarif"]
    assert scans(reports, word).returncode == 0


def test_a_console_row_is_aligned_within_80_columns(reports: Path) -> None:
    done = scans(reports, "reports")
    lines = done.stdout.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].split() == ["state", "C", "H", "M", "L", "?", "fix", "scanned", "image"]
    assert lines[1:3] == [
        "reports/api.json  trivy",
        "  findings       0   2   0   0   0   1  2026-05-19  ….example.com/team/api:1.4.2",
    ]
    assert lines[2].index("2026-05-19") == lines[0].index("scanned")


@pytest.mark.parametrize("word", ["missing.json", "none/*.json", "empty"])
def test_what_does_not_exist_is_a_usage_error(reports: Path, word: str) -> None:
    (reports / "empty").mkdir()
    done = scans(reports, word)
    assert (done.returncode, done.stdout) == (2, "")
    assert word in done.stderr


def test_what_cannot_be_read_is_a_row_with_a_reason_and_the_rest_is_read(reports: Path) -> None:
    (reports / "reports" / "broken.json").write_text('{"SchemaVersion": 2, "ArtifactName"')
    (reports / "reports" / "link.json").symlink_to("api.json")
    os.mkfifo(reports / "reports" / "pipe.json")
    found = {row["path"]: row for row in rows(reports, "reports")}
    assert found["reports/api.json"]["state"] == "findings"
    for name, reason in (("broken", "not JSON"), ("link", "a symbolic link"), ("pipe", "not a regular file")):
        row = found[f"reports/{name}.json"]
        assert (row["state"], row["format"], row["scanned_at"]) == ("failed", "", None)
        assert reason in row["reason"]
    assert scans(reports, "reports").returncode == 3


def test_a_link_that_is_named_is_followed(reports: Path) -> None:
    (reports / "link.json").symlink_to("reports/api.json")
    assert rows(reports, "link.json")[0]["state"] == "findings"


@pytest.mark.parametrize("text", ["null", "[]", "{}"])
def test_an_empty_document_is_read_and_is_missing(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    assert [(row["state"], row["format"]) for row in rows(tmp_path, "a.json")] == [("missing", "")]
    assert scans(tmp_path, "a.json").returncode == 0


def test_vex_beside_a_report_filters_it(reports: Path) -> None:
    vex = samples.openvex(samples.vex_statement(samples.DIGEST))
    (reports / "vex.json").write_text(json.dumps(vex))
    found = {row["format"]: row for row in rows(reports, "vex.json", "reports/api.json")}
    assert (found["trivy"]["state"], found["trivy"]["counts"]["high"]) == ("clean", 0)
    assert "2 of 2 vulnerabilities are not counted" in found["trivy"]["reason"]
    assert found["openvex"]["state"] == "unsupported"


def test_names_of_a_report_cannot_steer_the_terminal(tmp_path: Path) -> None:
    hostile = samples.trivy(ArtifactName="api\x1b[2J\n\u202e\ud800:1", Metadata={"OS": {"Family": "x\x1b[0m"}})
    (tmp_path / "a.json").write_text(json.dumps(hostile))
    done = scans(tmp_path, "a.json")
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert len(done.stdout.splitlines()) == 3
    assert rows(tmp_path, "a.json")[0]["subject"].startswith("api\x1b[2J")


def test_a_report_with_200_000_vulnerabilities_is_read_within_seconds(tmp_path: Path) -> None:
    many = [samples.trivy_vulnerability(VulnerabilityID=f"CVE-{number}") for number in range(200_000)]
    (tmp_path / "a.json").write_text(json.dumps(samples.trivy(*many)))
    start = time.monotonic()
    assert rows(tmp_path, "a.json")[0]["counts"]["high"] == 200_000
    assert time.monotonic() - start < 45


def test_deep_nesting_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"SchemaVersion": 2, "Results": ' + b"[" * 500_000)
    (row,) = rows(tmp_path, "a.json")
    assert (row["state"], row["reason"]) == ("failed", "it is nested too deeply")
