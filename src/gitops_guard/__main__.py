"""`python -m gitops_guard`."""

from gitops_guard.cli import run

run()
