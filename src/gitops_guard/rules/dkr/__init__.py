"""Dockerfiles: what an image runs as, what is baked into it, and how it gets there."""

from gitops_guard.rule import Rule
from gitops_guard.rules.dkr import (
    added_files,
    copied_keys,
    downloads,
    elevated_files,
    healthcheck,
    named_user,
    package_cache,
    run_credentials,
    runtime_tools,
    ssh_server,
    user,
    variables,
    verification,
    whole_context,
)

DKR: tuple[Rule, ...] = (
    user.RULE,
    named_user.RULE,
    variables.RULE,
    copied_keys.RULE,
    run_credentials.RULE,
    added_files.RULE,
    downloads.RULE,
    verification.RULE,
    package_cache.RULE,
    runtime_tools.RULE,
    elevated_files.RULE,
    ssh_server.RULE,
    healthcheck.RULE,
    whole_context.RULE,
)
