"""Connections as a Mermaid graph, which GitHub draws: only what changed and its neighbourhood.

Names come from the repository. A label holds only letters, digits and a few signs as they are; everything else is an
entity code of Mermaid, so nothing can end a label, the block, or start markup.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.network.change import NetworkChange, names_in
from gitops_guard.network.change_rows import ChangeRow
from gitops_guard.network.evidence import EXTERNAL, VIA_API_SERVER, VIA_INGRESS, VIA_MONITORING
from gitops_guard.network.evidence import Edge as Need
from gitops_guard.network.exposure import CLOSED
from gitops_guard.network.listing import EVERY_WORKLOAD
from gitops_guard.publishers.escape import cut
from gitops_guard.publishers.network_words import CONTROLLER, INTERNET, Namer, namer

MOST_NODES = 30
_MOST_LINKS = 60
_MOST_ARROWS = 6
_LONGEST = 64
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -./*:,")
_ID_PARTS = 3

STAYS = "stays"
OPENS = "opened"
CLOSES = "closed"
BREAKS = "broken"
EXPOSES = "exposed"
_ARROWS = {STAYS: "-->", OPENS: "==>", EXPOSES: "==>", CLOSES: "-.->", BREAKS: "-.->"}
_STYLES = {
    OPENS: "stroke:#1f6feb,stroke-width:3px",
    EXPOSES: "stroke:#cf222e,stroke-width:3px",
    CLOSES: "stroke:#848d97,stroke-width:2px",
    BREAKS: "stroke:#cf222e,stroke-width:2px",
}


class Link(NamedTuple):
    """An arrow; the ends are names as the analysis has them."""

    source: str
    target: str
    kind: str
    label: str = ""


class Graph(NamedTuple):
    """The lines of a graph, and how many links are not drawn."""

    lines: list[str]
    left_out: int


def graph(change: NetworkChange) -> Graph:
    """The graph of a change; no lines where there is nothing to draw. Groups only where there is nothing else."""
    named = list(_named(change))
    rows = (*change.explained, *change.reachable, *(() if named else change.rest))
    changed = list(dict.fromkeys((*named, *(link for row in rows if not _is_wide(row) for link in _of_row(row)))))
    if not changed:
        return Graph([], 0)
    known = {link[:2] for link in changed}
    around = (link for link in dict.fromkeys(_unchanged(change)) if link[:2] not in known)
    drawn, nodes = _fitting((*changed, *around))
    shown = set(drawn)
    left_out = sum(1 for link in changed if link not in shown) + sum(1 for row in rows if _is_wide(row))
    return Graph(_lines(drawn, nodes, namer(names_in(change))), left_out)


def _named(change: NetworkChange) -> Iterator[Link]:
    """What is exposed, broken or denied."""
    for shift in change.exposures:
        one = shift.after or shift.before
        before = CLOSED if shift.before is None else shift.before.verdict
        after = CLOSED if shift.after is None else shift.after.verdict
        if one is not None and before != after:
            kind = CLOSES if after == CLOSED else EXPOSES
            source = CONTROLLER if one.addresses is None else INTERNET
            yield Link(source, one.workload, kind, f"{kind}: {_ports(one.ports.words or one.asked.words)}")
    for broken in change.broken:
        yield Link(*_ends(broken.need), BREAKS, f"closed, still needed: {_ports(broken.ports)}")
    for denied in change.needed_but_denied:
        yield Link(*_ends(denied.need), BREAKS, f"needed, denied: {_ports(denied.missing.words)}")


def _is_wide(row: ChangeRow) -> bool:
    """Whether a row would be a bundle of arrows: the table has it."""
    return len(row.sources) * len(row.targets) > _MOST_ARROWS


def _ends(need: Need) -> tuple[str, str]:
    outside = need.host or ("the API server" if need.via == VIA_API_SERVER else "outside")
    incoming = {VIA_INGRESS: CONTROLLER, VIA_MONITORING: "monitoring"}.get(need.via, INTERNET)
    return incoming if need.source == EXTERNAL else need.source, outside if need.target == EXTERNAL else need.target


def _of_row(row: ChangeRow) -> Iterator[Link]:
    kind = OPENS if row.opened else CLOSES
    label = f"{kind}: {_ports(row.opened or row.closed)}"
    for source in row.sources:
        for target in row.targets:
            ends = ("any address" if source == EXTERNAL else source, "any address" if target == EXTERNAL else target)
            yield Link(*ends, kind, label)


def _unchanged(change: NetworkChange) -> Iterator[Link]:
    for need in change.context:
        yield Link(*_ends(need), STAYS)


def _ports(words: Iterable[str]) -> str:
    shown = ", ".join(words)
    return "every port" if shown == "all" else shown


def _fitting(links: Iterable[Link]) -> tuple[list[Link], dict[str, str]]:
    """The first links whose ends fit, and the id of each node."""
    drawn: list[Link] = []
    nodes: dict[str, str] = {}
    for link in links:
        fresh = [end for end in dict.fromkeys(link[:2]) if end not in nodes]
        if len(nodes) + len(fresh) <= MOST_NODES and len(drawn) < _MOST_LINKS:
            for end in fresh:
                nodes[end] = f"n{len(nodes)}"
            drawn.append(link)
    return drawn, nodes


def _lines(links: list[Link], nodes: dict[str, str], short: Namer) -> list[str]:
    spaces: dict[str, list[str]] = {}
    for name in nodes:
        parts = name.split("/")
        is_workload = len(parts) == _ID_PARTS and not name.startswith(EVERY_WORKLOAD)
        spaces.setdefault(parts[0] if is_workload else "", []).append(name)
    lines = ["graph LR"]
    for number, (space, names) in enumerate(spaces.items()):
        if not space:
            lines += (f"  {_node(nodes[name], name, name)}" for name in names)
            continue
        lines.append(f'  subgraph s{number}["{label(space)}"]')
        lines += (f"    {_node(nodes[name], name, short(name).partition('/')[2])}" for name in names)
        lines.append("  end")
    for link in links:
        text = f'|"{label(link.label)}"|' if link.label else ""
        lines.append(f"  {nodes[link.source]} {_ARROWS[link.kind]}{text} {nodes[link.target]}")
    for kind, style in _STYLES.items():
        numbers = [str(number) for number, link in enumerate(links) if link.kind == kind]
        if numbers:
            lines.append(f"  linkStyle {','.join(numbers)} {style}")
    return lines


def _node(key: str, name: str, text: str) -> str:
    if name in {INTERNET, CONTROLLER, "any address", "outside", "monitoring", "the API server", EVERY_WORKLOAD}:
        return f'{key}(["{label(text)}"])'
    return f'{key}["{label(text)}"]'


def label(text: str) -> str:
    """A text as it may stand between quotes in a graph."""
    shown = cut(text, _LONGEST)
    return "".join(char if char in _PLAIN else f"#{ord(char)};" for char in shown) or " "
