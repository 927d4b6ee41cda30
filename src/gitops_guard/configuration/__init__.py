"""Reads `.gitops-guard.yaml` into `Settings`; a mistake in it is an error with file, line and the nearest right key."""

from gitops_guard.configuration.file import FILE_NAMES, read
from gitops_guard.configuration.values import is_digest

__all__ = ["FILE_NAMES", "is_digest", "read"]
