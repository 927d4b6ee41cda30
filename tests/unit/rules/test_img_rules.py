"""The rules that manifests and Dockerfiles share, and what they load."""

import subprocess
import sys
from collections import Counter
from datetime import date

import pytest

from gitops_guard.engine import rule_set
from gitops_guard.inspection import Rules, inspect
from gitops_guard.pipeline import all_rules
from gitops_guard.rule import RuleContext
from gitops_guard.rules import dockerfile_rules, image_fact_rules, manifest_rules
from gitops_guard.rules.img.mutable_tag import moving
from gitops_guard.rules.img.use import digest_of
from gitops_guard.settings import ApprovedImage, Settings
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.image_reference import ImageReference, parse

SHA = "sha256:" + "0123456789abcdef" * 4
APPROVED = Settings(approved_images=(ApprovedImage("docker.io/library/alpine"),))


def reference(text: str) -> ImageReference:
    found = parse(text)
    assert isinstance(found, ImageReference)
    return found


def refused(dockerfile: str) -> list[str]:
    chosen = rule_set(rule for rule in dockerfile_rules() if rule.id == "GG-IMG-001")
    rules = Rules(rule_set(()), lambda: chosen)
    seen = inspect(SourceFile("Dockerfile", dockerfile), rules, RuleContext(APPROVED, date(2026, 11, 24)))
    return [one.finding.message for one in seen.detections]


def test_every_id_is_listed_once() -> None:
    assert [rule_id for rule_id, number in Counter(rule.id for rule in all_rules()).items() if number > 1] == []


def test_shared_rules_are_listed_with_both_sides() -> None:
    manifests = (*manifest_rules(), *image_fact_rules())
    shared = {rule.id for rule in manifests} & {rule.id for rule in dockerfile_rules()}
    numbers = ("003", "004", "005", "006", "007", "008", "009", "010", "011", "012")
    assert shared == {*(f"GG-IMG-{number}" for number in numbers), "GG-SEC-018"}
    assert all(isinstance(rule.applies_to, tuple) for rule in all_rules() if rule.id in shared)


def test_manifests_load_no_dockerfile_parser() -> None:
    code = "import sys; from gitops_guard.rules import manifest_rules as m; m(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "gitops_guard.rules.img.approved" in loaded
    assert "gitops_guard.syntax.dockerfile" not in loaded


@pytest.mark.parametrize(
    "line",
    [
        "COPY --from=evil.example/a /a /a",
        "RUN --mount=type=bind,from=evil.example/a,target=/a true",
        "ONBUILD COPY --from=evil.example/a /a /a",
        "COPY --from=ALPINE2 /a /a",
        "FROM evil.example/docker.io/library/alpine",
        "FROM docker.io.evil.example/library/alpine",
    ],
)
def test_no_way_around_the_list(line: str) -> None:
    assert len(refused(f"FROM alpine\n{line}\n")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "FROM alpine AS build\nFROM BUILD\nCOPY --from=Build /a /a\nCOPY --from=0 /a /a\n",
        "ARG BASE=docker.io/library/alpine\nFROM ${BASE}:3.20\n",
        "FROM scratch\n",
    ],
)
def test_stages_and_defaults_are_understood(text: str) -> None:
    assert refused(text) == []


@pytest.mark.parametrize("text", ["a", "a:latest", "a:1", "a:1.2", "a:stable"])
def test_moving(text: str) -> None:
    assert moving(reference(text))


@pytest.mark.parametrize("text", ["a:1.2.3", f"a@{SHA}", f"a:latest@{SHA}", "a:20240131"])
def test_not_moving(text: str) -> None:
    assert moving(reference(text)) == ""


def test_digests_are_looked_up_in_normal_form() -> None:
    digests = (("index.docker.io/nginx:1.27", SHA), ("a:latest", SHA))
    settings = RuleContext(Settings(digests=digests), date(2026, 11, 24))
    assert digest_of(reference("nginx:1.27"), settings) == SHA
    assert digest_of(reference("a"), settings) == SHA
    assert digest_of(reference("nginx:1.28"), settings) == ""
    assert digest_of(reference("evil.io/library/nginx:1.27"), settings) == ""
    assert digest_of(reference(f"nginx:1.27@{SHA}"), settings) == ""
