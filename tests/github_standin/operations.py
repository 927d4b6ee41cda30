"""All operations of the stand-in: a table for each concern, joined here."""

from . import check_runs, conversation, endpoints

ENTRIES = endpoints.ENTRIES | conversation.ENTRIES | check_runs.ENTRIES
