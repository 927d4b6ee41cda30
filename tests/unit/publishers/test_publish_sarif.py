import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from gitops_guard.finding import CRITICAL, INFO, SAFE, FixOffer, PatchedFile, Resource
from gitops_guard.publishers import sarif
from gitops_guard.publishers.escape import percent_encoded
from gitops_guard.publishers.sarif_fixes import artifact_changes
from gitops_guard.report import Coverage, ReadText, Report, RuleSummary
from gitops_guard.source_file import Skipped
from gitops_guard.text import Edit, LineIndex, Span, apply_edits
from unit.publishers.sample_report import (
    DEPLOYMENT,
    PATH,
    SECRET,
    TEXTS,
    finding,
    large_report,
    patch,
    privileged_finding,
    sample_report,
    secret_finding,
    tree_report,
)


@cache
def validator() -> Draft4Validator:
    path = Path(__file__).parent / "sarif" / "sarif-schema-2.1.0.json"
    return Draft4Validator(json.loads(path.read_text("utf-8")), format_checker=Draft4Validator.FORMAT_CHECKER)


def written(report: Report, read: ReadText = TEXTS.get, most: int = sarif.MOST_RESULTS) -> dict[str, Any]:
    text = sarif.render(report, read, most=most)
    text.encode()
    value = json.loads(text)
    validator().validate(value)
    run: dict[str, Any] = value["runs"][0]
    return run


def test_the_schema_judges() -> None:
    value = json.loads(sarif.render(sample_report(), TEXTS.get))
    value["runs"][0]["results"][0]["level"] = "terrible"
    assert not validator().is_valid(value)


def test_results_are_ordered_by_severity_with_the_waived_last() -> None:
    results = written(sample_report())["results"]
    assert [r["level"] for r in results] == ["error", "error", "warning", "note"]
    assert results[-1]["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "waiver in .gitops-guard.yaml:3 (platform: rebuilt every night)",
        }
    ]
    assert not any("suppressions" in r for r in results[:-1])


def test_comments_suppress_in_the_source() -> None:
    report = tree_report(finding(status="waived", suppressed_by="# checkov:skip=CKV_K8S_16: needed"))
    assert written(report)["results"][0]["suppressions"][0]["kind"] == "inSource"


def test_what_github_matches_alerts_by() -> None:
    found = sample_report().findings[2]
    result = next(r for r in written(sample_report())["results"] if r["ruleId"] == found.rule_id)
    assert result["partialFingerprints"] == {
        "gitopsGuard/v1": found.fingerprint,
        "primaryLocationLineHash": f"{found.fingerprint}:1",
    }
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": PATH, "uriBaseId": "SRCROOT"}
    assert location["region"] == {"startLine": 13, "startColumn": 13, "endLine": 13, "endColumn": 29}


def test_rules_are_described_as_github_shows_them() -> None:
    run = written(sample_report())
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    secret = next(rule for rule in rules if rule["id"] == "GG-SEC-001")
    assert secret["properties"]["security-severity"] == "8.0"
    assert secret["properties"]["problem.severity"] == "error"
    assert "cis_k8s:5.4.1" in secret["properties"]["tags"]
    assert secret["help"]["markdown"].startswith("# GG-SEC-001")
    assert all(len(rule["properties"]["tags"]) <= 20 for rule in rules)


def test_the_severity_is_the_one_that_was_configured() -> None:
    rules = written(tree_report(finding(severity=CRITICAL)))["tool"]["driver"]["rules"]
    assert next(r for r in rules if r["id"] == "GG-POD-001")["properties"]["security-severity"] == "9.5"
    rules = written(tree_report(finding(severity=INFO)))["tool"]["driver"]["rules"]
    assert "security-severity" not in next(r for r in rules if r["id"] == "GG-POD-001")["properties"]


def test_a_rule_without_description_gets_one() -> None:
    run = written(tree_report(finding("X-1"))._replace(rules=()))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["X-1"]


def test_many_controls_are_cut_to_what_github_takes() -> None:
    rule = RuleSummary("GG-A-1", "a", "A", "A", CRITICAL, (), tuple(f"x:{n}" for n in range(40)), None, "")
    run = written(tree_report()._replace(rules=(rule,)))
    assert len(run["tool"]["driver"]["rules"][0]["properties"]["tags"]) == 20


def test_a_clean_scan_is_a_valid_file() -> None:
    run = written(Report((), Coverage(scanned=("a",))))
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is True


def test_what_was_not_read_is_told() -> None:
    invocation = written(sample_report())["invocations"][0]
    assert invocation["executionSuccessful"] is False
    notes = {note["message"]["text"]: note["level"] for note in invocation["toolExecutionNotifications"]}
    assert notes["apps/bad.yaml: could not be read: not UTF-8: byte 0xff in line 3"] == "error"
    assert notes["charts/web/templates/deployment.yaml: not looked at: a Helm template"] == "note"
    assert notes["GG-NET-001 did not run: switched off in .gitops-guard.yaml"] == "note"


def test_too_many_results_are_cut_and_it_is_said() -> None:
    run = written(large_report(400), most=100)
    assert len(run["results"]) == 100
    assert {result["properties"]["severity"] for result in run["results"]} == {"critical"}
    assert "300 results are left out" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    assert "left out" not in json.dumps(written(large_report(100))["invocations"])


def test_shards_have_categories_of_their_own() -> None:
    run = json.loads(sarif.render(sample_report(), TEXTS.get, category="shard-2"))["runs"][0]
    assert run["automationDetails"]["id"] == "gitops-guard/shard-2/"
    assert written(sample_report())["automationDetails"]["id"] == "gitops-guard/"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a b/ü.yaml", "a%20b/%C3%BC.yaml"),
        ("caf\udce9", "caf%E9"),
        ("c:x", "c%3Ax"),
        ("\ud800", "%ED%A0%80"),
        ("a?b#c%d", "a%3Fb%23c%25d"),
    ],
)
def test_paths_are_percent_encoded(path: str, expected: str) -> None:
    assert percent_encoded(path) == expected


def test_hostile_text_makes_no_link_and_no_placeholder() -> None:
    name = "[x](https://evil.example) {0} \ud800\udce9\x1b"
    found = finding(message=name, resource=Resource("v1", name, name, name, name))
    report = tree_report(found)._replace(coverage=Coverage(skipped=(Skipped(name, name),)))
    text = written(report)["results"][0]["message"]["text"]
    assert "](" not in text
    assert "{0}" not in text.replace("{{0}}", "")


def test_an_unknown_place_is_no_line() -> None:
    nowhere = finding()._replace(place=finding().place._replace(path=""))
    assert "locations" not in written(tree_report(nowhere))["results"][0]


def test_a_fix_is_given_as_replacements() -> None:
    result = written(tree_report(privileged_finding()))["results"][0]
    change = result["fixes"][0]["artifactChanges"][0]
    assert change["artifactLocation"]["uri"] == PATH
    assert applied(DEPLOYMENT, change["replacements"]) == DEPLOYMENT.replace("privileged: true", "privileged: false")


def test_a_fix_that_would_show_a_secret_is_left_out() -> None:
    after = DEPLOYMENT.replace(f"value: {SECRET}", f'value: "{SECRET}"')
    offer = FixOffer("quote it", SAFE, "", patch(PATH, DEPLOYMENT, after))
    report = tree_report(finding(fix=offer), secret_finding())
    text = sarif.render(report, TEXTS.get)
    assert SECRET not in text
    assert '"fixes"' not in text


def test_a_fix_that_would_show_what_the_text_hides_is_left_out() -> None:
    after = DEPLOYMENT.replace(f"value: {SECRET}", f'value: "{SECRET}"')
    masked = DEPLOYMENT.replace(SECRET, "*" * len(SECRET))
    assert artifact_changes(PatchedFile(PATH, DEPLOYMENT, after), (), masked) is None
    elsewhere = DEPLOYMENT.replace("value: db", 'value: "db"')
    assert artifact_changes(PatchedFile(PATH, DEPLOYMENT, elsewhere), (), masked) is not None


def test_a_fix_that_would_show_what_looks_like_a_secret_is_left_out() -> None:
    after = DEPLOYMENT.replace(f"value: {SECRET}", f'value: "{SECRET}"')
    assert artifact_changes(PatchedFile(PATH, DEPLOYMENT, after), (), None) is None


def test_a_fix_that_deletes_a_secret_is_given() -> None:
    after = DEPLOYMENT.replace(f"              value: {SECRET}\n", "")
    start = DEPLOYMENT.index(SECRET)
    changes = artifact_changes(PatchedFile(PATH, DEPLOYMENT, after), [Span(start, start + len(SECRET))], None)
    assert changes is not None
    assert applied(DEPLOYMENT, changes) == after


def test_a_new_file_cannot_be_said() -> None:
    assert artifact_changes(PatchedFile("new.yaml", None, "x\n"), (), None) is None


TEXT = st.lists(st.sampled_from(["a", "b", "", "c\r", "d"]), max_size=8).map("\n".join)


@given(TEXT, TEXT)
def test_replacements_give_exactly_the_text_after(before: str, after: str) -> None:
    changes = artifact_changes(PatchedFile("f", before, after), (), None)
    assert changes is not None
    assert applied(before, changes) == after


def applied(text: str, replacements: list[dict[str, Any]]) -> str:
    """What a reader of SARIF makes of replacements."""
    lines = LineIndex(text)
    edits = []
    for replacement in replacements:
        region = replacement["deletedRegion"]
        start = lines.line_start(region["startLine"]) + region["startColumn"] - 1
        end = lines.line_start(region["endLine"]) + region["endColumn"] - 1
        edits.append(Edit(start, end, replacement["insertedContent"]["text"]))
    return apply_edits(text, edits)
