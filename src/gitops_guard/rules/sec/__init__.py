"""Secrets: where they are written, and how they reach a program."""

from gitops_guard.rule import Rule
from gitops_guard.rules.sec import environment

SEC: tuple[Rule, ...] = (environment.PLAIN, environment.REFERENCE, environment.WHOLE)
