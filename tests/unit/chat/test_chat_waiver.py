"""A waiver in the configuration: comments stay, nothing else changes, nothing can be smuggled in."""

from datetime import date

import pytest

from gitops_guard.chat.command import Waive
from gitops_guard.chat.waiver import LONGEST_DAYS, add_waiver, check_day, exact, waiver_of
from gitops_guard.configuration import read
from gitops_guard.errors import ConfigurationError, UsageError
from gitops_guard.settings import Settings, Waiver
from gitops_guard.source_file import SourceFile
from gitops_guard.suppression import matches

TODAY = date(2026, 7, 1)
RULES = ("GG-POD-001", "GG-POD-002")
NAME = ".gitops-guard.yaml"
WAIVER = Waiver("GG-POD-001", "octocat", "the node agent", expires=date(2027, 1, 31), paths=("apps/shop/",))
FILE = """# What we decided.
fail_level: high   # since the audit

waivers:
  # the mesh
  - rule: GG-POD-002
    owner: platform
    reason: "segmented: by the mesh"
    expires: 2026-12-31
exclude: [vendor/]
"""


def settings(text: str) -> Settings:
    return read(SourceFile(NAME, text), RULES, TODAY)


def test_adds_to_the_list_and_keeps_comments() -> None:
    written = add_waiver(SourceFile(NAME, FILE), WAIVER, RULES, TODAY)
    before, after = FILE.splitlines(), written.after.splitlines()
    assert [line for line in after if line in before] == before
    found = settings(written.after).waivers
    assert [waiver.rule for waiver in found] == ["GG-POD-002", "GG-POD-001"]
    assert found[1]._replace(line=0) == WAIVER
    assert not found[1].defects


@pytest.mark.parametrize(
    "text", ["", "# nothing yet", "# nothing yet\n", "fail_level: low\n", "waivers: []\n", "waivers:\n"]
)
def test_makes_what_is_missing(text: str) -> None:
    written = add_waiver(SourceFile(NAME, text), WAIVER, RULES, TODAY)
    assert written.after.startswith(text.rstrip("\n").removesuffix("[]").rstrip())
    assert settings(written.after).waivers[0]._replace(line=0) == WAIVER


def test_makes_the_file() -> None:
    written = add_waiver(None, WAIVER, RULES, TODAY)
    assert (written.path, written.before) == (NAME, None)
    assert settings(written.after).waivers[0]._replace(line=0) == WAIVER


@pytest.mark.parametrize(
    "reason",
    [
        'so"\n  - rule: GG-POD-002',
        "so # not a comment",
        "so: {expires: 2099-01-01}",
        "- rule: GG-POD-002",
        "*alias",
        "&anchor x",
        "!!python/object/apply:os.system [id]",
        "yes",
        "null",
        "2027-01-01",
        "'",
        '"',
        "%YAML 1.1",
        "--- x",
        "| x",
        "@acme/everyone <!-- gitops-guard:summary --> [x](https://example.org)",
        "\\n  expires: 2099-01-01",
    ],
)
def test_a_reason_stays_a_reason(reason: str) -> None:
    waiver = WAIVER._replace(reason=" ".join(reason.split()))
    found = settings(add_waiver(SourceFile(NAME, FILE), waiver, RULES, TODAY).after).waivers
    assert [one.reason for one in found] == ["segmented: by the mesh", waiver.reason]


def test_a_file_with_a_mistake_is_left_alone() -> None:
    with pytest.raises(ConfigurationError):
        add_waiver(SourceFile(NAME, "unknown: 1\n"), WAIVER, RULES, TODAY)


def test_a_list_that_cannot_be_edited_is_refused() -> None:
    with pytest.raises(UsageError):
        add_waiver(SourceFile(NAME, "exclude: &a []\nwaivers: *a\n"), WAIVER, RULES, TODAY)


@pytest.mark.parametrize("until", ["2026-07-01", "2027-07-02"])
def test_the_last_day_may_be_a_year_away(until: str) -> None:
    check_day(date.fromisoformat(until), TODAY)
    assert LONGEST_DAYS == 366


@pytest.mark.parametrize("until", ["2027-07-03", "2026-06-30", "9999-12-31", "0001-01-01"])
def test_no_other_day_is_taken(until: str) -> None:
    with pytest.raises(UsageError):
        check_day(date.fromisoformat(until), TODAY)


def test_found_paths_are_named_exactly() -> None:
    odd = "apps/[x]*?.yaml"
    assert matches(odd, exact(odd))
    assert not matches("apps/xab.yaml", exact(odd))
    asked = Waive("pod", "", date(2027, 1, 31), "so")
    assert waiver_of(asked, "GG-POD-001", (odd,), "octocat").paths == (exact(odd),)
    assert waiver_of(asked._replace(path="apps/*"), "GG-POD-001", (odd,), "octocat").paths == ("apps/*",)
