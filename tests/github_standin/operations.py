"""All operations of the stand-in: a table for each concern, joined here."""

from . import (
    branches,
    check_runs,
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
    | check_runs.ENTRIES
    | branches.ENTRIES
    | pull_requests.ENTRIES
    | people.ENTRIES
    | issues.ENTRIES
    | code_scanning.ENTRIES
)
