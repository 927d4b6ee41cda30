"""The command line."""


def main() -> int:
    """Runs a command."""
    return 0
