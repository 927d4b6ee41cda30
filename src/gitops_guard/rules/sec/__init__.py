"""Secrets: where they are written, and how they reach a program. What images carry is judged where they are known."""

from gitops_guard.rule import Rule
from gitops_guard.rules.sec import (
    credential,
    environment,
    file_variable,
    plain_text,
    secret_object,
    volumes,
)

SEC: tuple[Rule, ...] = (
    environment.PLAIN,
    environment.REFERENCE,
    environment.WHOLE,
    volumes.WRITABLE,
    volumes.UNREADABLE,
    volumes.SUB_PATH,
    plain_text.CONFIG_MAP,
    plain_text.PLAIN_TEXT,
    secret_object.RULE,
    credential.RULE,
    file_variable.REJECTED,
    file_variable.BOTH,
)
