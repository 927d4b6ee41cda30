"""A stateful stand-in of GitHub for tests: real git behind it, every body checked against the published description."""
