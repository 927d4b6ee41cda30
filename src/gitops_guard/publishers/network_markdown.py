"""Who may connect to whom, in Markdown."""

from collections.abc import Iterable, Iterator
from itertools import islice

from gitops_guard.network.cluster import EGRESS, INGRESS
from gitops_guard.network.connections import Connections
from gitops_guard.publishers import coverage_values
from gitops_guard.publishers.escape import markdown_code, markdown_text
from gitops_guard.publishers.network_map import NOTES
from gitops_guard.publishers.network_rows import VERDICTS, Peers, Row, rows
from gitops_guard.report import Coverage

_MOST_ROWS = 1_000
_MOST_NAMES = 12
_MOST_LINES = 100


def as_markdown(found: Connections, coverage: Coverage) -> str:
    """The map: a table for each namespace, what is exposed, and what is not known."""
    lines = ["## Network map", "", *_total(found), *_tables(found), *_exposures(found), *_remarks(found, coverage)]
    return "\n".join(lines) + "\n"


def _total(found: Connections) -> Iterator[str]:
    number = len(found.workloads)
    limited = ", ".join(f"{found.isolated[d].bit_count():,} isolated for {d}" for d in (INGRESS, EGRESS))
    yield f"{number:,} workload{'' if number == 1 else 's'} ({limited}); {found.pair_count:,} pairs may connect."
    yield ""


def _tables(found: Connections) -> Iterator[str]:
    namespace = None
    for row in islice(rows(found), _MOST_ROWS):
        if row.namespace != namespace:
            namespace = row.namespace
            yield from ("", f"### {markdown_code(namespace)}", "")
            yield "| Workload | Who may connect to it | Where outside it may connect |"
            yield "|---|---|---|"
        yield _row(row)
    if len(found.workloads) > _MOST_ROWS:
        yield from ("", f"and {len(found.workloads) - _MOST_ROWS:,} more workloads: `--format json` lists all.")
    yield ""


def _row(row: Row) -> str:
    name = markdown_code(row.workload.partition("/")[2]) + (" (host network)" if row.host_network else "")
    cells = []
    for direction in (INGRESS, EGRESS):
        told = [_peers(one) for one in row.told(direction)]
        cells.append("<br>".join(told if row.is_limited(direction) else ["**not limited**", *told]) or "none")
    return f"| {name} | {' | '.join(cells)} |"


def _peers(one: Peers) -> str:
    shown = ", ".join(markdown_code(name) for name in one.names[:_MOST_NAMES])
    more = f" and {len(one.names) - _MOST_NAMES:,} more" if len(one.names) > _MOST_NAMES else ""
    return f"{shown}{more}: {markdown_text(one.words)}"


def _exposures(found: Connections) -> Iterator[str]:
    if not found.exposures:
        return
    yield from ("### Reachable from outside", "", "| Workload | Through | Port | |", "|---|---|---|---|")
    for one in found.exposures[:_MOST_LINES]:
        ports = markdown_text(", ".join(one.ports.words or one.asked.words))
        yield f"| {markdown_code(one.workload)} | {markdown_code(one.via)} | {ports} | {VERDICTS[one.verdict]} |"
    yield from _more(len(found.exposures))
    yield ""


def _remarks(found: Connections, coverage: Coverage) -> Iterator[str]:
    reasons = dict.fromkeys(one.reason for one in found.unknown)
    yield from (f"- **unknown:** {markdown_text(reason)}" for reason in islice(reasons, _MOST_LINES))
    for problem in found.problems[:_MOST_LINES]:
        place = markdown_code(problem.place.where)
        yield f"- {'**error** ' if problem.is_error else ''}{place}: {markdown_text(problem.message)}"
    yield from _failed(coverage)
    yield from (f"- {markdown_text(line)}" for line in coverage_values.on_rendering(coverage))
    yield from (f"- {note}" for note in NOTES)


def _failed(coverage: Coverage) -> Iterable[str]:
    for skipped in coverage.failed[:_MOST_LINES]:
        yield f"- not read: {markdown_code(skipped.path)}: {markdown_text(skipped.reason)}"


def _more(number: int) -> Iterator[str]:
    if number > _MOST_LINES:
        yield from ("", f"and {number - _MOST_LINES:,} more: `--format json` lists all.")
