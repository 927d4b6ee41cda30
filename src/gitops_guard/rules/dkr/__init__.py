"""Dockerfiles: what an image runs as, what is baked into it, and how it gets there."""

from gitops_guard.rule import Rule
from gitops_guard.rules.dkr import (
    added_files,
    copied_keys,
    downloads,
    run_credentials,
    runtime_tools,
    user,
    variables,
    verification,
    whole_context,
)

DKR: tuple[Rule, ...] = (
    user.RULE,
    variables.RULE,
    copied_keys.RULE,
    run_credentials.RULE,
    added_files.RULE,
    downloads.RULE,
    verification.RULE,
    runtime_tools.RULE,
    whole_context.RULE,
)
