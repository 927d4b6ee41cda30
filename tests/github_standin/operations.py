"""All operations of the stand-in: a table for each concern, joined here."""

from . import actions, checks, conversation, endpoints

ENTRIES = endpoints.ENTRIES | conversation.ENTRIES | checks.ENTRIES | actions.ENTRIES
