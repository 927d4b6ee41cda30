"""All operations of the stand-in: a table for each concern, joined here."""

from . import branches, check_runs, conversation, endpoints, people, pull_requests

ENTRIES = (
    endpoints.ENTRIES
    | conversation.ENTRIES
    | check_runs.ENTRIES
    | branches.ENTRIES
    | pull_requests.ENTRIES
    | people.ENTRIES
)
