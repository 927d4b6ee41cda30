"""One patch of many: whole patches only, none that shows a secret, and git takes it."""

import subprocess
from pathlib import Path

import pytest

from gitops_guard.editing.diff import unified_diff
from gitops_guard.finding import DISPLAY_ONLY, SAFE, Finding, FixOffer, Patch, PatchedFile
from gitops_guard.patch_file import whole_patch
from gitops_guard.report import Coverage, Report
from unit.publishers.sample_report import PATH, image_finding, privileged_finding

BEFORE = "".join(f"line {n}\n" for n in range(1, 40))


def patch(*files: PatchedFile, safety: str = SAFE, shows_secret: bool = False, masked: bool = False) -> Patch:
    diff = "".join(unified_diff(*file) for file in files)
    diff = diff.replace("line", "****") if masked else diff
    return Patch("mend it", safety, "", diff, files, ("proved",), shows_secret)


def changed(*lines: int, before: str = BEFORE, path: str = "app.yaml") -> PatchedFile:
    after = before
    for line in lines:
        after = after.replace(f"line {line}\n", f"LINE {line}\nmore\n")
    return PatchedFile(path, before, after)


def report(*patches: Patch) -> Report:
    base: Finding = privileged_finding()
    offers = [FixOffer(one.title, one.safety, patch=one) for one in patches]
    return Report(tuple(base._replace(fix=offer) for offer in offers), Coverage(("app.yaml",)))


def applied(folder: Path, text: str, files: dict[str, str]) -> dict[str, str]:
    for name, content in files.items():
        (folder / name).write_bytes(content.encode())
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "apply", "-"], cwd=folder, check=True, input=text.encode())
    return {path.name: path.read_bytes().decode() for path in folder.iterdir() if path.is_file()}


def test_patches_of_one_file_become_one_section(tmp_path: Path) -> None:
    new = PatchedFile("new.yaml", None, "a: 1\n")
    whole = whole_patch(report(patch(changed(5)), patch(changed(30)), patch(changed(31)), patch(new)))
    assert (whole.patches, whole.left_out) == (4, 0)
    assert whole.text.count("diff --git") == 2
    found = applied(tmp_path, whole.text, {"app.yaml": BEFORE})
    assert found == {"app.yaml": changed(5, 30, 31).after, "new.yaml": "a: 1\n"}


def test_a_patch_that_many_findings_share_is_in_it_once() -> None:
    one = patch(changed(5))
    assert whole_patch(report(one, one)).patches == 1


def test_what_overlaps_is_left_out_whole(tmp_path: Path) -> None:
    both = patch(changed(6), changed(9, path="other.yaml"))
    whole = whole_patch(report(patch(changed(5, 7)), both))
    assert (whole.patches, whole.left_out) == (1, 1)
    assert "other.yaml" not in whole.text
    assert applied(tmp_path, whole.text, {"app.yaml": BEFORE})["app.yaml"] == changed(5, 7).after


@pytest.mark.parametrize(
    "one",
    [patch(changed(5), shows_secret=True), patch(changed(5), masked=True)],
    ids=["shows a secret", "is masked"],
)
def test_what_would_show_a_secret_is_left_out(one: Patch) -> None:
    assert whole_patch(report(one)) == ("", 0, 1)


def test_what_is_only_there_to_be_read_is_not_in_it() -> None:
    assert whole_patch(report(patch(changed(5), safety=DISPLAY_ONLY))) == ("", 0, 0)


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    before = BEFORE.replace("\n", "\r\n")
    after = before.replace("line 5\r\n", "LINE 5\r\n")
    whole = whole_patch(report(patch(PatchedFile("app.yaml", before, after))))
    assert applied(tmp_path, whole.text, {"app.yaml": before})["app.yaml"] == after


def test_real_findings_without_a_patch_make_no_patch() -> None:
    assert PATH
    assert whole_patch(Report((image_finding()._replace(fix=None),), Coverage())).text == ""
