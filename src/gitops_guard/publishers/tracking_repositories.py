"""The tracking issue of several repositories: one line for each."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from gitops_guard import __version__
from gitops_guard.finding import Severity
from gitops_guard.publishers.escape import markdown_code, markdown_text, percent_encoded
from gitops_guard.publishers.templates import render_template
from gitops_guard.publishers.tracking_issue import Text
from gitops_guard.publishers.tracking_numbers import SEVERITIES, counts, headline
from gitops_guard.publishers.tracking_pages import MOST_PARTS, SIZE, pages_of
from gitops_guard.tracking.state import Sighting, State

_NAMES = " | ".join(severity.label for severity in SEVERITIES)
_HEAD = f"| Repository | {_NAMES} | Oldest since | Most frequent |\n|---|{'--:|' * len(SEVERITIES)}---|---|"
_FOOTER = f"\n<sub>gitops-guard {__version__} keeps this text up to date: changes of it are lost.</sub>\n"
_MOST_FAILED = 50


class SweptRepository(NamedTuple):
    """A repository of the sweep. `address` is empty where it has none on the server; `trouble` says what went wrong."""

    name: str
    address: str = ""
    commit: str = ""
    trouble: str = ""


def compose(repositories: Sequence[SweptRepository], state: State, day: date) -> Text:
    """The texts of the issue.

    Args:
        repositories: all that should have been swept.
        state: of all; the path of a problem begins with the name of its repository and a space.
        day: of the sweep.
    """
    rows = list(_rows(repositories, state))
    space = SIZE - len(_top(repositories, state, day, ["part 00 https://" + "x" * 200] * MOST_PARTS)) - len(_FOOTER)
    pages = [text for text, _ in pages_of([(f"### Repositories ({len(rows):,})", rows)], _HEAD, space)] or [""]
    first, *others = pages[: MOST_PARTS + 1]

    def head(links: Sequence[str]) -> str:
        parts = [f"[part {number}]({link})" for number, link in enumerate(links, 2)]
        return _top(repositories, state, day, parts) + first + _FOOTER

    return Text(head, tuple(others))


def repository_of(sighting: Sighting) -> str:
    """The name of the repository that a problem lies in."""
    return sighting.path.partition(" ")[0]


def _top(repositories: Sequence[SweptRepository], state: State, day: date, parts: Sequence[str]) -> str:
    failed = [(markdown_code(one.name), markdown_text(one.trouble)) for one in repositories if one.trouble]
    return render_template(
        "tracking_repositories.md.j2",
        failed=failed[:_MOST_FAILED],
        total=len(repositories),
        headline=headline(state),
        day=day,
        severities=[severity.label for severity in SEVERITIES],
        counts=counts(state),
        parts=parts,
    )


def _rows(repositories: Sequence[SweptRepository], state: State) -> Iterator[str]:
    found: dict[str, list[Sighting]] = {one.name: [] for one in repositories}
    for sighting in state.open.values():
        if not sighting.waived:
            found.setdefault(repository_of(sighting), []).append(sighting)
    known = {one.name: one for one in repositories}
    ordered = sorted(found, key=lambda name: (_weight(found[name]), name))
    for name in ordered:
        yield _row(known.get(name, SweptRepository(name)), found[name])


def _weight(sightings: Sequence[Sighting]) -> tuple[int, ...]:
    numbers = Counter(one.severity for one in sightings)
    return tuple(-numbers[severity] for severity in SEVERITIES)


def _row(repository: SweptRepository, sightings: Sequence[Sighting]) -> str:
    numbers = Counter(Severity(one.severity) for one in sightings)
    name = markdown_code(repository.name)
    if repository.address.startswith("http"):
        name = f"[{name}]({percent_encoded(repository.address).replace('%3A', ':', 1)})"
    oldest = min((one.first for one in sightings), default=None)
    rules = sorted(Counter(one.rule for one in sightings).items(), key=lambda rule: (-rule[1], rule[0]))
    frequent = ", ".join(f"{markdown_code(rule)} ({number:,})" for rule, number in rules[:3])
    nothing = "?" if repository.trouble else "0"
    cells = [
        name,
        *(f"{numbers[severity]:,}" if numbers[severity] else nothing for severity in SEVERITIES),
        str(oldest or ""),
        frequent,
    ]
    return "| " + " | ".join(cells) + " |"
