"""The connections as a Graphviz graph: every allowed one is an edge, namespaces are clusters."""

from collections.abc import Iterator

from gitops_guard.network.cluster import INGRESS
from gitops_guard.network.connections import Connections
from gitops_guard.network.listing import Listing
from gitops_guard.publishers.escape import printable_unicode


def as_dot(found: Connections, rows: Listing) -> str:
    """The graph in the language of Graphviz. Red: no policy limits who may connect to it."""
    lines = ["digraph network {", "  rankdir=LR;", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    lines += _clusters(found)
    lines += (f"  {quoted(name)} [shape=ellipse];" for name in _others(found, rows))
    lines += (
        f"  {quoted(edge.source)} -> {quoted(edge.target)} [label={quoted(', '.join(edge.ports.words))}];"
        for edge in rows.edges
    )
    return "\n".join((*lines, "}")) + "\n"


def _clusters(found: Connections) -> Iterator[str]:
    spaces: dict[str, dict[str, bool]] = {}
    for number, workload in found.workloads.items():
        is_open = not found.isolated[INGRESS] >> number & 1 or workload.host_network
        inside = spaces.setdefault(workload.namespace, {})
        inside[workload.id] = inside.get(workload.id, False) or is_open
    for count, namespace in enumerate(sorted(spaces)):
        yield f"  subgraph cluster_{count} {{"
        yield f"    label={quoted(namespace)};"
        for name, is_open in sorted(spaces[namespace].items()):
            color = ", color=red" if is_open else ""
            yield f"    {quoted(name)} [label={quoted(name.partition('/')[2])}{color}];"
        yield "  }"


def _others(found: Connections, rows: Listing) -> list[str]:
    """What stands in edges and is no workload: addresses, ingress controllers, groups."""
    ends = {end for edge in rows.edges for end in (edge.source, edge.target)}
    return sorted(ends - {workload.id for workload in found.workloads.values()})


def quoted(text: str) -> str:
    """A text as a quoted identifier: only quotes and backslashes mean anything in one."""
    return '"' + printable_unicode(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
