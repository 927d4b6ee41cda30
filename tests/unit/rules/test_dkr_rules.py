"""What the Dockerfile rules report beyond their examples: severities, and that no secret is shown."""

from datetime import date

import pytest

from gitops_guard.engine import Detection, rule_set
from gitops_guard.finding import CRITICAL, HIGH, MEDIUM, Severity
from gitops_guard.inspection import Rules, inspect
from gitops_guard.rule import RuleContext
from gitops_guard.rules.dkr import DKR
from gitops_guard.rules.dkr.copied_keys import is_key_material
from gitops_guard.rules.dkr.user import is_root
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile


def detections(text: str, rule_id: str) -> list[Detection]:
    chosen = rule_set(rule for rule in DKR if rule.id == rule_id)
    rules = Rules(rule_set(()), lambda: chosen)
    return list(inspect(SourceFile("Dockerfile", text), rules, RuleContext(Settings(), date(2026, 11, 24))).detections)


@pytest.mark.parametrize(
    ("text", "rule_id"),
    [
        ("FROM a\nENV DB_PASSWORD=hunter22\n", "GG-DKR-003"),
        ('FROM a\nENV A=1 DB_PASSWORD="hunter22"\n', "GG-DKR-003"),
        ("FROM a\nENV DB_PASSWORD=hunt\\\ner22\n", "GG-DKR-003"),
        ("ARG DB_PASSWORD=hunter22\nFROM a\n", "GG-DKR-003"),
        ("FROM a\nRUN curl https://me:hunter22@example.com/\n", "GG-DKR-005"),
        ('FROM a\nRUN ["curl", "https://me:hunter22@example.com/"]\n', "GG-DKR-005"),
        ("FROM a\nRUN curl https://me:hunt\\\ner22@example.com/\n", "GG-DKR-005"),
        ("FROM a\nRUN <<EOF\necho 'root:hunter22' | chpasswd\nEOF\n", "GG-DKR-005"),
        ("FROM a\nONBUILD RUN sshpass -p hunter22 ssh b\n", "GG-DKR-005"),
        ("FROM a\nADD https://me:hunter22@example.com/a /a\n", "GG-DKR-005"),
    ],
)
def test_secrets_are_masked_and_named_nowhere(text: str, rule_id: str) -> None:
    (found,) = detections(text, rule_id)
    finding = found.finding
    left = "".join(c for at, c in enumerate(text) if not any(s.start <= at < s.end for s in finding.masked))
    for shown in (finding.message, finding.stem, repr(finding.place.keypath), left):
        assert "hunter22" not in shown
        assert "er22" not in shown


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("FROM alpine:3.20\n", HIGH),
        ("FROM scratch\n", HIGH),
        ("FROM ghcr.io/a/b\n", MEDIUM),
        ("ARG B\nFROM $B\n", MEDIUM),
        ("FROM ghcr.io/a/b\nUSER root\n", HIGH),
        ("FROM elasticsearch:8.1.0\n", MEDIUM),
    ],
)
def test_severity_of_root_follows_what_is_known_of_the_base(text: str, severity: Severity) -> None:
    assert [one.finding.severity for one in detections(text, "GG-DKR-001")] == [severity]


@pytest.mark.parametrize("text", ["FROM mcr.microsoft.com/windows/nanoserver:1\n", "FROM a:nonroot AS b\nFROM b\n"])
def test_bases_that_are_not_root_are_silent(text: str) -> None:
    assert detections(text, "GG-DKR-001") == []


def test_no_user_line_where_a_continuation_would_swallow_it() -> None:
    (found,) = detections("FROM alpine:3.20\nRUN a \\\n", "GG-DKR-001")
    assert found.fix is None


@pytest.mark.parametrize("user", ["root", "0", "00", "root:app", "0:1000"])
def test_root(user: str) -> None:
    assert is_root(user)


@pytest.mark.parametrize("user", ["app", "1000:0", "10", "", "rooty", "nobody", "\N{ARABIC-INDIC DIGIT ZERO}"])
def test_not_root(user: str) -> None:
    assert not is_root(user)


@pytest.mark.parametrize("path", ["id_rsa", "./a/id_ed25519", ".env", ".env.prod", "x/tls.key", "private.pem", ".ssh/"])
def test_key_material(path: str) -> None:
    assert is_key_material(path)


@pytest.mark.parametrize(
    "path", ["id_rsa.pub", ".env.example", "ca.pem", "keys/", "ftp://a/b.key", "repo.key", "monkey"]
)
def test_no_key_material(path: str) -> None:
    assert not is_key_material(path)


def test_key_in_a_stage_that_the_image_leaves_behind_is_less_severe() -> None:
    build = detections("FROM a AS b\nCOPY id_rsa /\nFROM a\n", "GG-DKR-004")
    final = detections("FROM a AS b\nCOPY id_rsa /\nFROM b\n", "GG-DKR-004")
    assert [one.finding.severity for one in (*build, *final)] == [HIGH, CRITICAL]
