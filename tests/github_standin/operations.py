"""All operations of the stand-in: a table for each concern, joined here."""

from . import (
    actions,
    branches,
    checks,
    code_scanning,
    conversation,
    endpoints,
    issues,
    people,
    pull_requests,
)

ENTRIES = (
    endpoints.ENTRIES
    | conversation.ENTRIES
    | checks.ENTRIES
    | actions.ENTRIES
    | branches.ENTRIES
    | pull_requests.ENTRIES
    | people.ENTRIES
    | issues.ENTRIES
    | code_scanning.ENTRIES
)
