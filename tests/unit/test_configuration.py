from datetime import date

import pytest

from gitops_guard.configuration import read
from gitops_guard.configuration.values import is_digest
from gitops_guard.errors import ConfigurationError
from gitops_guard.finding import HIGH, LOW
from gitops_guard.settings import RuleSetting, Settings
from gitops_guard.source_file import SourceFile

TODAY = date(2026, 11, 24)
RULES = frozenset(("GG-POD-001", "GG-POD-002", "GG-NET-001"))
DIGEST = "sha256:" + "0" * 64


def settings(text: str) -> Settings:
    return read(SourceFile(".gitops-guard.yaml", text), RULES, TODAY)


def test_defaults() -> None:
    assert settings("") == Settings(path=".gitops-guard.yaml")
    assert settings("{}\n").fail_level is HIGH


def test_everything_is_read() -> None:
    found = settings(
        f"""kubernetes_version: v1.34.2
fail_level: none
comments_budget: 3
exclude: [vendor/, "*.gen.yaml"]
rules:
  GG-POD-001: off
  GG-POD-002: low
  GG-NET-001: {{enabled: true, severity: high}}
approved_images:
  - repository: docker.io/library/nginx
    tags: ["1.*"]
    digest_required: true
    replacement: r
    mirror: m
    owner: o
    reason: why
    expires: 2027-01-01
digests: {{"docker.io/library/nginx:1": "{DIGEST}"}}
build_arguments: {{V: 1}}
waivers:
  - {{rule: GG-POD-001, owner: o, reason: r, ticket: T-1, expires: 2027-01-01, paths: [a/], resource: Pod/x}}
"""
    )
    assert (found.kubernetes_version, found.fail_level, found.comments_budget) == ("1.34", None, 3)
    assert found.exclude == ("vendor/", "*.gen.yaml")
    assert found.rule("GG-POD-001") == RuleSetting(enabled=False)
    assert found.rule("GG-POD-002") == RuleSetting(severity=LOW)
    assert found.rule("GG-NET-001") == RuleSetting(enabled=True, severity=HIGH)
    (image,) = found.approved_images
    assert (image.tags, image.digest_required, image.expires) == (("1.*",), True, date(2027, 1, 1))
    assert found.digests == (("docker.io/library/nginx:1", DIGEST),)
    assert found.build_arguments == (("V", "1"),)
    (waiver,) = found.waivers
    assert (waiver.rule, waiver.paths, waiver.resource, waiver.defects) == ("GG-POD-001", ("a/",), "Pod/x", ())
    assert waiver.line == 21


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("fail_levl: high\n", 1, "did you mean 'fail_level'?"),
        ("\nrules:\n  GG-POD-01: off\n", 3, "did you mean 'GG-POD-001'?"),
        ("fail_level: hihg\n", 1, "did you mean 'high'?"),
        ("kubernetes_version: latest\n", 1, "is not a Kubernetes version"),
        ("comments_budget: -1\n", 1, "whole number"),
        ("exclude: vendor\n", 1, "must be a list"),
        ("rules: [x]\n", 1, "must be a mapping"),
        ("approved_images:\n  - tags: [x]\n", 2, "repository is missing"),
        ("approved_images:\n  - repository: x\n    digest_required: maybe\n", 3, "true or false"),
        ("approved_images:\n  - repository: x\n    expires: soon\n", 3, "is not a date"),
        ("digests: {a: sha256:1}\n", 1, "is not a digest"),
        ("waivers:\n  - rule: GG-POD-9\n", 2, "unknown rule"),
        ("a: [\n", 2, "did not find"),
        ("- a\n", 1, "expected a mapping"),
        ("a: 1\na: 2\n", 2, "repeated"),
    ],
)
def test_mistakes_name_file_line_and_the_right_word(text: str, line: int, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(text)
    assert message in str(caught.value)
    assert caught.value.line == line
    assert str(caught.value).startswith(f".gitops-guard.yaml:{line}: ")


@pytest.mark.parametrize(
    ("fields", "defect"),
    [
        ("owner: o, reason: r", "it has no expires"),
        ("owner: o, expires: 2027-01-01", "it has no reason"),
        ("reason: r, expires: 2027-01-01", "it has no owner"),
        ("owner: o, reason: r, expires: 2026-11-23", "it expired on 2026-11-23"),
        ("owner: o, reason: r, expires: soon", "'soon' is not a date"),
    ],
)
def test_a_waiver_that_is_incomplete_or_expired_says_so(fields: str, defect: str) -> None:
    (waiver,) = settings(f"waivers:\n  - {{rule: GG-POD-001, {fields}}}\n").waivers
    assert waiver.defects == (defect,)


def test_a_waiver_holds_on_its_last_day() -> None:
    text = "waivers:\n  - {rule: GG-POD-001, owner: o, reason: r, expires: 2026-11-24}\n"
    assert settings(text).waivers[0].defects == ()


@pytest.mark.parametrize("text", ["", "sha256:", "sha512:" + "0" * 64, "sha256:" + "G" * 64, "sha256:" + "0" * 63])
def test_no_digests(text: str) -> None:
    assert not is_digest(text)
    assert is_digest(DIGEST)
