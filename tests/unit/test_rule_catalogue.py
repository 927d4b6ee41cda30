"""What holds for every rule; pages, ids and mappings included."""

import subprocess
import sys
from pathlib import Path

import pytest

from gitops_guard.pipeline import all_rules
from gitops_guard.rule import Rule

ROOT = Path(__file__).parents[2]
LEDGER = Path(__file__).parent / "rule_ids.txt"
HEADINGS = ("## What it does", "## Why it matters", "## Fix safety", "## References")
FRAMEWORKS = frozenset((
    "pss", "cis_k8s", "cis_docker", "nsa", "mitre", "sp800_190", "sp800_53", "pci", "owasp_k8s_2025",
))  # fmt: skip
RULES = [pytest.param(rule, id=rule.id) for rule in all_rules()]


def test_ids_and_names_are_unique_and_in_the_ledger() -> None:
    ids = [rule.id for rule in all_rules()]
    assert len(set(ids)) == len(ids)
    assert len({rule.name for rule in all_rules()}) == len(ids)
    ledger = dict(line.split() for line in LEDGER.read_text().splitlines())
    assert {rule.id: rule.name for rule in all_rules()} == ledger


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_complete(rule: Rule) -> None:
    assert rule.name == rule.name.lower().replace(" ", "-").replace("_", "-")
    for heading in HEADINGS:
        assert heading in rule.documentation
    assert {control.partition(":")[0] for control in rule.controls} <= FRAMEWORKS
    assert len(set(rule.controls)) == len(rule.controls)
    assert (rule.fix_safety is not None) == any(example.fixed is not None for example in rule.bad)
    assert rule.good
    # GG-GIT-007 fires on a change, which no example text can hold: tests/integration/test_check.py shows it.
    assert rule.bad or rule.id == "GG-GIT-007"


def test_the_pages_in_docs_are_those_of_the_rules() -> None:
    command = [sys.executable, "scripts/write_rule_pages.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
