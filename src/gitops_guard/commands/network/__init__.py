"""The `network` commands."""
