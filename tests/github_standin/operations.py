"""All operations of the stand-in: a table for each concern, joined here."""

from . import check_runs, code_scanning, conversation, endpoints, issues, pull_list

ENTRIES = (
    pull_list.ENTRIES
    | endpoints.ENTRIES
    | conversation.ENTRIES
    | check_runs.ENTRIES
    | issues.ENTRIES
    | code_scanning.ENTRIES
)
