"""Manifest that could not be read in full.

## What it does
Reports files, or single documents of them, that are not valid YAML or not a valid Dockerfile, that hit a guard against
hostile input, or that repeat a key in one mapping.

## Why it matters
What was not read was not checked. Of a repeated key only the last counts, and strict validation refuses the object.

## Fix safety
No automatic fix.

## References
YAML 1.2, section 3.2.1.3 (unique keys). Kubernetes, server-side field validation.
"""

from collections.abc import Iterator

from gitops_guard.finding import MEDIUM
from gitops_guard.rule import Example, Problem, Rule, RuleContext, Spot
from gitops_guard.syntax.yaml import Stream
from gitops_guard.text import Span


def check(stream: Stream, _: RuleContext) -> Iterator[Problem]:
    """Reports every part of a file that could not be read; templates are no defect and stand in the coverage."""
    for problem in stream.problems:
        if problem.kind == "template":
            continue
        prefix = "not scanned: " if problem.skipped else ""
        yield Problem(Spot((problem.kind,), Span(problem.start, problem.end)), prefix + problem.message)


RULE = Rule(
    id="GG-GIT-006",
    name="unreadable-manifest",
    title="Manifest could not be rendered or parsed (not scanned)",
    severity=MEDIUM,
    applies_to=Stream,
    check=check,
    aliases=("invalid-manifest",),
    controls=("sp800_190:4.3.1", "sp800_53:CA-7", "pci:6.5.1"),
    bad=(
        Example("apiVersion: v1\nkind: Pod\nmetadata: [\n", at="syntax"),
        Example("apiVersion: v1\nkind: Pod\nkind: Service\n", at="duplicate-key"),
    ),
    good=(
        Example("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n"),
        Example("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n"),
    ),
)
