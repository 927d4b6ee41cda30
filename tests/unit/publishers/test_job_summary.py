"""The page of a job: never over what GitHub shows, never cut in the middle."""

from pathlib import Path

import pytest

from gitops_guard.errors import PublishError
from gitops_guard.publishers import job_summary
from unit.publishers.sample_report import large_report, sample_report


def test_it_is_added_to_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("# Tests\n")
    job_summary.add(str(file), sample_report(), "> Nothing is posted.\n")
    text = file.read_text()
    assert text.startswith("# Tests\n\n> Nothing is posted.\n")
    assert "## gitops-guard: 3 new problems" in text


@pytest.mark.parametrize("taken", [0, 900_000, 1_040_000, job_summary.LIMIT - 3000, job_summary.LIMIT - 10])
def test_it_fits_with_what_others_wrote(tmp_path: Path, taken: int) -> None:
    file = tmp_path / "summary.md"
    file.write_bytes(b"x" * taken)
    job_summary.add(str(file), large_report(5000))
    added = file.read_bytes()[taken:].decode()
    assert file.stat().st_size <= job_summary.LIMIT
    assert not added or added.rstrip().endswith(("</sub>", "hold it."))


def test_a_file_that_cannot_be_written_is_an_error_for_people(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="cannot be written"):
        job_summary.add(str(tmp_path), sample_report())
