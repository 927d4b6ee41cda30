"""The scheduled sweep of whole repositories: scan, tracking issue, state, fix pull requests."""
