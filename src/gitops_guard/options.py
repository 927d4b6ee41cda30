"""What options of several commands mean."""

from collections.abc import Sequence

from gitops_guard.errors import UsageError
from gitops_guard.finding import Severity

FORMATS = ("console", "json", "sarif", "junit", "markdown", "html", "patch")
LEVELS = ("none", *(severity.label for severity in Severity))


def level(word: str | None) -> Severity | None:
    """The severity of a word of `--fail-level`; None for `none` and for no word."""
    return None if word is None or word == "none" else Severity[word.upper()]


def report_targets(words: Sequence[str]) -> list[tuple[str, str]]:
    """The formats and files of `--report FORMAT=FILE`.

    Raises:
        UsageError: an argument has another form, or names an unknown format.
    """
    found = []
    for word in words:
        name, equals, file = word.partition("=")
        if name not in FORMATS or not equals or not file:
            raise UsageError(f"--report {word}: expected FORMAT=FILE", hint=f"formats are {', '.join(FORMATS)}")
        found.append((name, file))
    return found
