"""Who may connect to whom, as a table for a terminal of 80 columns: a block for each workload."""

from collections.abc import Iterator
from itertools import islice

from gitops_guard.network.cluster import EGRESS, INGRESS
from gitops_guard.network.connections import Connections
from gitops_guard.publishers import coverage_values
from gitops_guard.publishers.cells import cells, wrap
from gitops_guard.publishers.escape import printable_unicode
from gitops_guard.publishers.network_map import NOTES
from gitops_guard.publishers.network_rows import VERDICTS, Row, rows
from gitops_guard.report import Coverage

_MOST_ROWS = 2_000
_MOST_LINES = 200
_MOST_NAMES = 20
_WIDTH = 80
_INDENT = "    "
_PORTS_AT = 60


def as_console(found: Connections, coverage: Coverage) -> str:
    """The map: who may connect to each workload, what is exposed, what is not known, and what is wrong."""
    lines: list[str] = []
    for row in islice(rows(found), _MOST_ROWS):
        lines += _block(row)
    if len(found.workloads) > _MOST_ROWS:
        lines.append(f"and {len(found.workloads) - _MOST_ROWS:,} more workloads: use --format json")
    lines.append("")
    for sentence in (*_exposed(found), *_unknown(found), *_problems(found), *_rest(coverage), _total(found)):
        lines += _wrapped(sentence)
    return "\n".join(lines) + "\n"


def _block(row: Row) -> Iterator[str]:
    host = " (host network: not isolated)" if row.host_network else ""
    yield printable_unicode(row.workload + host)
    yield from _side("<-", row, INGRESS)
    yield from _side("->", row, EGRESS)


def _side(arrow: str, row: Row, direction: str) -> Iterator[str]:
    """The peers of a direction in two columns: names, ports."""
    told = row.told(direction)
    if not row.is_limited(direction):
        yield f"  {arrow} anyone: no policy limits it"
    elif not told:
        yield f"  {arrow} " + ("nobody" if direction == INGRESS else "nothing outside the cluster")
    for one in told:
        names = list(one.names[:_MOST_NAMES])
        if len(one.names) > len(names):
            names.append(f"and {len(one.names) - len(names):,} more")
        yield from _columns(arrow, [printable_unicode(name) for name in names], one.words)


def _columns(arrow: str, names: list[str], ports: str) -> Iterator[str]:
    """Names one below the other, with the ports beside the first, or below it where there is no room."""
    lead = f"  {arrow} {names[0]}"
    room = _WIDTH - cells(lead) - 2
    if len(ports) <= room:
        yield lead + " " * max(2, min(_PORTS_AT - cells(lead), room + 2 - len(ports))) + ports
    else:
        yield lead
        yield from (f"       {part}" for part in wrap(ports, _WIDTH - 7))
    yield from (f"     {name}" for name in names[1:])


def _exposed(found: Connections) -> Iterator[str]:
    for exposure in found.exposures:
        words = ", ".join(exposure.ports.words or exposure.asked.words)
        if words:
            yield f"exposed by {exposure.via}: {exposure.workload} on {words}: {VERDICTS[exposure.verdict]}"


def _unknown(found: Connections) -> Iterator[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for unknown in found.unknown:
        name = found.workloads[unknown.workload].id
        reasons.setdefault((unknown.direction, unknown.reason), []).append(name)
    for (direction, reason), names in reasons.items():
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        yield f"unknown: more {direction} of {names[0]}{more} may be open: {reason}"


def _problems(found: Connections) -> Iterator[str]:
    for problem in found.problems[:_MOST_LINES]:
        word = "error" if problem.is_error else "remark"
        yield f"{word}: {problem.place.where}: {problem.message}"
    if len(found.problems) > _MOST_LINES:
        yield f"and {len(found.problems) - _MOST_LINES:,} more remarks: use --format json"


def _rest(coverage: Coverage) -> Iterator[str]:
    yield from (f"note: {note}" for note in NOTES)
    yield from coverage_values.on_rendering(coverage)
    yield from (f"not read: {skipped.path}: {skipped.reason}" for skipped in coverage.failed[:_MOST_LINES])
    if coverage.skipped:
        yield f"{len(coverage.skipped):,} files were skipped: see --format json"


def _total(found: Connections) -> str:
    isolated = ", ".join(
        f"{found.isolated[direction].bit_count():,} isolated for {direction}" for direction in (INGRESS, EGRESS)
    )
    return f"{len(found.workloads):,} workloads ({isolated}), {found.pair_count:,} pairs that may connect"


def _wrapped(text: str) -> Iterator[str]:
    for number, part in enumerate(wrap(printable_unicode(text), _WIDTH - len(_INDENT))):
        yield _INDENT * bool(number) + part
