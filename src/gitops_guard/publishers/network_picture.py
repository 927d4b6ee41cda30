"""The connections of a cluster as a page with a picture: one file that loads nothing and runs no script.

Names come from the repository: Jinja2 escapes them, and the content security policy lets only the own style through.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import NamedTuple

from gitops_guard import __version__
from gitops_guard.network.cluster import EGRESS, INGRESS
from gitops_guard.network.judging import Judged, Judgement
from gitops_guard.network.layers import Point
from gitops_guard.network.layout import Layout, Rectangle, layout, room, subtitle, title_room
from gitops_guard.network.scene import (
    CLOSED,
    HOST,
    LIMITED,
    MAYBE,
    OPEN,
    WIDE,
    Link,
    Node,
    Scene,
    scene,
)
from gitops_guard.network.verify import ALLOWED, DENIED
from gitops_guard.publishers import coverage_values
from gitops_guard.publishers.content_policy import content_policy
from gitops_guard.publishers.escape import cut, printable_unicode
from gitops_guard.publishers.network_map import NOTES
from gitops_guard.publishers.network_rows import Row, rows
from gitops_guard.publishers.templates import render_template, template_text
from gitops_guard.publishers.wording import plural
from gitops_guard.report import Coverage

_ARROW = 7
_BACK = 56
_ENDS = 2
_SUBTITLE = 0.82
_MOST_ROWS = 1_000
_MOST_LIT = 120
_MOST_LISTED = 200

_INGRESS = {
    OPEN: "no policy limits who may connect to it",
    WIDE: "its policies let everybody connect to it",
    LIMITED: "its policies limit who may connect to it",
    CLOSED: "its policies let nobody connect to it",
    HOST: "its pods are on the host's network: policies do not isolate them",
    "": "",
}
_EGRESS = {
    OPEN: "no policy limits where it may connect",
    WIDE: "its policies let it connect anywhere",
    LIMITED: "its policies limit where it may connect",
    CLOSED: "its policies let it connect nowhere",
    HOST: "",
    "": "",
}


class _NodeView(NamedTuple):
    number: int
    place: Rectangle
    title: str
    subtitle: str
    tip: str
    classes: str


class _LinkView(NamedTuple):
    path: str
    tip: str
    classes: str
    marker: str


class _BoxView(NamedTuple):
    place: Rectangle
    title: str


def render(judgement: Judgement, coverage: Coverage) -> str:
    """The page."""
    found = judgement.verification.connections
    shown = scene(judgement)
    places = layout(shown)
    numbers = {node.key: number for number, node in enumerate(shown.nodes)}
    style = template_text("report.css") + template_text("network_map.css") + _highlights(shown)
    listed = list(islice(rows(found), _MOST_ROWS))
    return render_template(
        "network_map.html.j2",
        policy=content_policy(style),
        style=_raw(style),
        version=__version__,
        title=_title(judgement),
        verdict=_verdict(judgement),
        facts=list(_facts(judgement)),
        width=round(places.width),
        height=round(places.height),
        boxes=[_BoxView(p, _fitted(name, title_room(p.width))) for name, p in places.boxes.items()],
        links=[_link(link, path, numbers) for link, path in zip(shown.links, places.paths, strict=True)],
        nodes=[_node(node, places, number) for number, node in enumerate(shown.nodes)],
        states={node.ingress for node in shown.nodes},
        kinds=sorted({link.kind for link in shown.links}),
        is_collapsed=shown.is_collapsed,
        left_out=shown.left_out,
        denied=[_need(one) for one in islice(judgement.with_status(DENIED), _MOST_LISTED)],
        namespaces=list(_by_namespace(listed)),
        more_rows=len(found.workloads) - len(listed),
        open_all=len(listed) <= _MOST_LIT,
        exposures=[
            (_shown(e.workload), _shown(e.via), ", ".join(e.ports.words or e.asked.words), e.verdict)
            for e in found.exposures[:_MOST_LISTED]
            if not e.asked.is_empty
        ],
        problems=[(_shown(p.place.where), _shown(p.message), p.is_error) for p in found.problems[:_MOST_LISTED]],
        unknown=sorted({_shown(one.reason) for one in found.unknown})[:_MOST_LISTED],
        notes=(*NOTES, *map(_shown, coverage_values.on_rendering(coverage))),
        failed=[(_shown(one.path), _shown(one.reason)) for one in coverage.failed[:_MOST_LISTED]],
    )


def _raw(text: str) -> object:
    """Marks the own style as HTML."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with Jinja2, which is loaded late

    return Markup(text)  # noqa: S704 - made of templates and numbers


def _shown(text: str) -> str:
    return printable_unicode(text)


def _title(judgement: Judgement) -> str:
    found = judgement.verification.connections
    return f"{plural(len(found.workloads), 'workload')} in {plural(len(found.namespace_sizes), 'namespace')}"


def _verdict(judgement: Judgement) -> tuple[str, str]:
    """A class and a sentence."""
    denied = sum(1 for _ in judgement.with_status(DENIED))
    if denied:
        return "bad", f"The policies deny {plural(denied, 'connection')} that the manifests need"
    found = judgement.verification.connections
    unlimited = sum(1 for number in found.workloads if not found.isolated[INGRESS] >> number & 1)
    if unlimited:
        which = f"{unlimited:,} of them" if unlimited < len(found.workloads) else "every one of them"
        return "bad", f"Anything in the cluster may connect to {which}"
    return "good", "Policies limit who may connect to each of them"


def _facts(judgement: Judgement) -> Iterator[str]:
    found = judgement.verification.connections
    exposed = {one.workload for one in found.exposures if one.verdict != "closed"}
    inside = [one for one in judgement.needs if one.need.source != "external"]
    allowed = sum(1 for one in inside if one.status == ALLOWED)
    for direction in (INGRESS, EGRESS):
        yield f"{direction} limited for {found.isolated[direction].bit_count():,} of {len(found.workloads):,}"
    yield f"{len(exposed):,} reachable from outside"
    yield f"{allowed:,} of {plural(len(inside), 'needed connection')} allowed"
    yield f"{found.pair_count:,} pairs may connect"


def _highlights(shown: Scene) -> str:
    """Rules by number: a node under the pointer keeps its links and dims the others."""
    if len(shown.nodes) > _MOST_LIT:
        return ""
    return "\n".join(
        f".map:has(#n{n}:is(:hover, :focus)) .l:not(.s{n}, .t{n}) {{ opacity: .08; }}" for n in range(len(shown.nodes))
    )


def _link(link: Link, path: tuple[Point, ...], numbers: dict[str, int]) -> _LinkView:
    ends = " ".join(f"{mark}{numbers[end]}" for mark, end in (("s", link.source), ("t", link.target)) if end in numbers)
    source = f"all of {link.source.removeprefix('box:')}" if link.source.startswith("box:") else link.source
    ports = "every port" if link.ports == ("all",) else ", ".join(link.ports)
    tip = f"{source} to {link.target}: {ports}. {_TIPS[link.kind]}{f' ({link.why})' if link.why else ''}"
    return _LinkView(_curve(path), _shown(tip), f"l {link.kind} {ends}", link.kind)


_TIPS = {
    "needed": "Needed and allowed",
    "denied": "Needed, but the policies deny it",
    "unsure": "Needed; whether it is allowed is not known",
    "extra": "Allowed; nothing in the manifests asks for it",
    "into": "Reachable from outside",
    MAYBE: "Reachable from outside if the ingress controller is admitted",
}


def _curve(points: tuple[Point, ...]) -> str:
    """A smooth line from left to right; one that leads back bows out on both sides."""
    start = points[0]
    parts = [f"M{start.x:.1f} {start.y:.1f}"]
    last = len(points) - 1
    for number, (one, other) in enumerate(pairwise(points), 1):
        end = other.x - (_ARROW if number == last else 0)
        if number % 2 == 0:
            parts.append(f"L{end:.1f} {other.y:.1f}")
            continue
        reach = max((end - one.x) / 2, _BACK if end < one.x + _BACK else 0)
        bow = -reach if len(points) == _ENDS and abs(other.x - one.x) < _BACK else reach
        parts.append(f"C{one.x + bow:.1f} {one.y:.1f} {end - reach:.1f} {other.y:.1f} {end:.1f} {other.y:.1f}")
    return " ".join(parts)


def _node(node: Node, places: Layout, number: int) -> _NodeView:
    place = places.nodes[node.key]
    most = room(place.width)
    said = [_shown(node.key), *(text for text in (_INGRESS[node.ingress], _EGRESS[node.egress]) if text)]
    if node.exposed:
        said.append("it is reachable from outside")
    classes = f"node in-{node.ingress or 'none'} out-{node.egress or 'none'}" + " exposed" * node.exposed
    second = cut(_shown(subtitle(node)), int(most / _SUBTITLE))
    return _NodeView(number, place, _fitted(node.title, most), second, "; ".join(said), classes)


def _fitted(text: str, most: int) -> str:
    """A name of at most so many characters: names that begin alike differ at their ends, so the middle goes."""
    shown = _shown(text)
    head = most // 3
    return shown if len(shown) <= most else f"{shown[:head]}…{shown[len(shown) - most + head + 1 :]}"


def _need(one: Judged) -> tuple[str, str, str, str]:
    proof = one.need.evidence[0]
    why = f"{proof.text} in {proof.place.where}"
    return _shown(one.need.source), _shown(one.need.host or one.need.target), ", ".join(one.missing.words), _shown(why)


class _CellView(NamedTuple):
    is_limited: bool
    peers: list[tuple[list[str], str]]


class _RowView(NamedTuple):
    name: str
    host_network: bool
    cells: tuple[_CellView, _CellView]


def _by_namespace(listed: Iterable[Row]) -> Iterator[tuple[str, list[_RowView]]]:
    spaces: dict[str, list[_RowView]] = {}
    for row in listed:
        cells = _cell(row, INGRESS), _cell(row, EGRESS)
        view = _RowView(_shown(row.workload.partition("/")[2]), row.host_network, cells)
        spaces.setdefault(row.namespace, []).append(view)
    return ((_shown(name), views) for name, views in spaces.items())


def _cell(row: Row, direction: str) -> _CellView:
    told = [([_shown(name) for name in one.names], one.words) for one in row.told(direction)]
    return _CellView(row.is_limited(direction), told)
