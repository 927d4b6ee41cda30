"""All operations of the stand-in: a table for each concern, joined here."""

from . import actions, branches, checks, conversation, endpoints, people, pull_requests

ENTRIES = (
    endpoints.ENTRIES
    | conversation.ENTRIES
    | checks.ENTRIES
    | actions.ENTRIES
    | branches.ENTRIES
    | pull_requests.ENTRIES
    | people.ENTRIES
)
