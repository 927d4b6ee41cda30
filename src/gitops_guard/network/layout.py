"""Places the nodes of a scene: boxes of namespaces in rows, and in each box the flow of links from left to right.

Deterministic: the same scene gives the same picture. Cost grows with nodes and links, not with their square.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gitops_guard.network.layers import Grid, Point, layered
from gitops_guard.network.scene import Link, Node, Scene

NODE_HEIGHT = 46
_CHARACTER = 7.7
_NARROWEST, _WIDEST = 118, 236
_FRAME = 44
_GAP = 16
_COLUMN_GAP = 74
_BOX_PADDING, _BOX_HEAD = 18, 34
_WIDEST_TITLE = 420
_PAGE = 1240
_OUTSIDE = 168
_MARGIN = 14
_SHAPE = 1.6
"""How much wider than high a grid of nodes is."""

_MOST_PAIRS = 300
"""Beyond so many links in a box, its nodes stand in a grid."""


class Rectangle(NamedTuple):
    """Left, top, width, height; in pixels."""

    x: float
    y: float
    width: float
    height: float


class Layout(NamedTuple):
    """Where everything is. `boxes` by namespace, `nodes` by key, `paths` one for each link: points to go through."""

    width: float
    height: float
    boxes: dict[str, Rectangle]
    nodes: dict[str, Rectangle]
    paths: tuple[tuple[Point, ...], ...]


class _Box(NamedTuple):
    """The inside of a box: places relative to its corner, and the bends of links that pass columns."""

    width: float
    height: float
    nodes: dict[str, Rectangle]
    bends: dict[tuple[str, str], tuple[Point, ...]]


def layout(scene: Scene) -> Layout:
    """Places a scene."""
    boxes: dict[str, list[Node]] = {}
    outside = []
    for node in scene.nodes:
        if node.box or (scene.is_collapsed and node.kind):
            boxes.setdefault(node.box, []).append(node)
        else:
            outside.append(node)
    left, right = _sides(outside, scene.links)
    beside = {node.key for node in outside}
    inner = {name: _wide_enough(_box(nodes, scene.links, beside), name) for name, nodes in boxes.items()}
    shift = _OUTSIDE + _COLUMN_GAP if left else 0
    corners, width, height = _shelves(_ordered(inner, scene.links, boxes), inner, shift + _MARGIN)
    rectangles = {
        key: Rectangle(r.x + corners[name].x, r.y + corners[name].y, r.width, r.height)
        for name, box in inner.items()
        for key, r in box.nodes.items()
    }
    height = max(height, (NODE_HEIGHT + _GAP) * max(len(left), len(right)) + 2 * _MARGIN)
    bends = {
        pair: tuple(Point(p.x + corners[name].x, p.y + corners[name].y) for p in points)
        for name, box in inner.items()
        for pair, points in box.bends.items()
    }
    wishes = tuple(_wishes(scene.links, rectangles, bends))
    rectangles |= _column(left, _MARGIN, scene.links, wishes, height)
    if right:
        rectangles |= _column(right, width + _COLUMN_GAP, scene.links, wishes, height)
        width += _COLUMN_GAP + _OUTSIDE
    paths = tuple(_path(link, rectangles, corners, bends) for link in scene.links)
    shown = {} if scene.is_collapsed else corners
    return Layout(width + _MARGIN, height + _MARGIN, shown, rectangles, paths)


def _box(nodes: Sequence[Node], links: Sequence[Link], beside: Collection[str]) -> _Box:
    width = _node_width(nodes)
    keys = [node.key for node in nodes]
    known = set(keys)
    pairs = [(a, b) for a, b, *_ in links if a in known and b in known and a != b]
    if len(pairs) > _MOST_PAIRS:
        pairs = []
    linked = {end for pair in pairs for end in pair}
    crossing = [(a, b) for a, b, *_ in links if (a in beside and b in known) or (a in known and b in beside)]
    linked |= {end for pair in crossing[:_MOST_PAIRS] for end in pair if end in known}
    crossing = [(a, b) for a, b in crossing[:_MOST_PAIRS] if a in linked or b in linked]
    loose = [key for key in keys if key not in linked]
    grid = Grid(width, NODE_HEIGHT, _COLUMN_GAP, _GAP)
    flow = layered([key for key in keys if key in linked], pairs, grid, crossing)
    top = _BOX_HEAD
    places = {key: Rectangle(p.x + _BOX_PADDING, p.y + top, width, NODE_HEIGHT) for key, p in flow.nodes.items()}
    bends = {pair: tuple(Point(p.x + _BOX_PADDING, p.y + top) for p in points) for pair, points in flow.bends.items()}
    inside = flow.width
    bottom = top + flow.height + (_GAP if flow.nodes and loose else 0)
    columns = _columns(len(loose), flow.width, width)
    for number, key in enumerate(loose):
        row, column = divmod(number, columns)
        x = _BOX_PADDING + column * (width + _GAP)
        places[key] = Rectangle(x, bottom + row * (NODE_HEIGHT + _GAP), width, NODE_HEIGHT)
        inside = max(inside, x + width - _BOX_PADDING)
    rows = -(-len(loose) // columns)
    height = bottom + rows * (NODE_HEIGHT + _GAP) - (_GAP if rows else 0) + _BOX_PADDING
    return _Box(inside + 2 * _BOX_PADDING, height, places, bends)


def _wide_enough(box: _Box, title: str) -> _Box:
    """The box with room for its title, within reason."""
    return box._replace(width=max(box.width, min(len(title) * _CHARACTER, _WIDEST_TITLE) + 2 * _BOX_PADDING))


def _columns(number: int, flow: float, width: float) -> int:
    """How many loose nodes stand in a row: as wide as the flow above, or of a pleasant shape."""
    beside = int((flow + _GAP) // (width + _GAP))
    wide = math.ceil(math.sqrt(number * _SHAPE * (NODE_HEIGHT + _GAP) / (width + _GAP)))
    return max(1, beside, min(wide, int(_PAGE // (width + _GAP))))


def _node_width(nodes: Iterable[Node]) -> float:
    longest = max(max(len(node.title), len(subtitle(node)) * _SMALL) for node in nodes)
    return min(max(longest * _CHARACTER + _FRAME, _NARROWEST), _WIDEST)


_SMALL = 0.82
"""How wide the letters of a subtitle are, for one of a title."""


def subtitle(node: Node) -> str:
    """The second line of a node."""
    if node.kind == "namespace":
        return f"{node.size:,} workload{'' if node.size == 1 else 's'}"
    return ", ".join((node.kind, *node.ports)) if node.kind else ""


def room(width: float) -> int:
    """How many characters of a title fit into a node."""
    return int((width - _FRAME) / _CHARACTER) + 2


def title_room(width: float) -> int:
    """How many characters of a title fit over a box."""
    return int((width - 2 * _BOX_PADDING) / _CHARACTER)


def _ordered(inner: Mapping[str, _Box], links: Iterable[Link], boxes: Mapping[str, list[Node]]) -> list[str]:
    """The boxes: those that are linked from left to right, then the others by size."""
    home = {node.key: name for name, nodes in boxes.items() for node in nodes}
    home |= {f"box:{name}": name for name in boxes}
    pairs = {(home[a], home[b]) for a, b, *_ in links if a in home and b in home and home[a] != home[b]}
    linked = {end for pair in pairs for end in pair}
    flow = layered(sorted(linked), sorted(pairs)[:_MOST_PAIRS], Grid(1, 1, 1, 1))
    first = sorted(linked, key=lambda name: (flow.nodes[name].x, flow.nodes[name].y, name))
    rest = sorted(set(inner) - linked, key=lambda name: (-inner[name].height, name))
    return [*first, *rest]


def _shelves(order: Iterable[str], inner: Mapping[str, _Box], left: float) -> tuple[dict[str, Rectangle], float, float]:
    """Boxes in rows that are as wide as a page, or as the widest box."""
    most = max([_PAGE - left, *(box.width for box in inner.values())])
    found: dict[str, Rectangle] = {}
    x, y, tallest, widest = 0.0, float(_MARGIN), 0.0, 0.0
    for name in order:
        box = inner[name]
        if x and x + box.width > most:
            x, y, tallest = 0.0, y + tallest + 2 * _GAP, 0.0
        found[name] = Rectangle(left + x, y, box.width, box.height)
        x += box.width + 2 * _GAP
        widest, tallest = max(widest, x - 2 * _GAP), max(tallest, box.height)
    return found, left + widest, y + tallest


def _sides(outside: Sequence[Node], links: Iterable[Link]) -> tuple[list[Node], list[Node]]:
    """What is outside: sources stand on the left, targets on the right."""
    sources = {link.source for link in links}
    left = [node for node in outside if node.key in sources]
    return left, [node for node in outside if node.key not in sources]


def _column(
    nodes: Iterable[Node], x: float, links: Sequence[Link], wishes: Sequence[float], height: float
) -> dict[str, Rectangle]:
    """Nodes one below the other, each as near as can be to where its links go."""
    wanted = []
    for node in nodes:
        tops = [wish for link, wish in zip(links, wishes, strict=True) if node.key in link[:2]]
        wanted.append((sum(tops) / len(tops) - NODE_HEIGHT / 2 if tops else _MARGIN, node.key))
    found: dict[str, Rectangle] = {}
    bottom = float(_MARGIN)
    ordered = sorted(wanted)
    for number, (top, key) in enumerate(ordered):
        latest = height - (len(ordered) - number) * (NODE_HEIGHT + _GAP)
        y = max(min(top, latest), bottom)
        found[key] = Rectangle(x, y, _OUTSIDE, NODE_HEIGHT)
        bottom = y + NODE_HEIGHT + _GAP
    return found


def _wishes(
    links: Iterable[Link], placed: Mapping[str, Rectangle], bends: Mapping[tuple[str, str], tuple[Point, ...]]
) -> Iterator[float]:
    """The height at which each link meets the boxes, for its end outside."""
    for link in links:
        points = bends.get(link[:2])
        if points:
            yield (points[0] if link.target in placed else points[-1]).y
        else:
            end = placed.get(link.target) or placed.get(link.source)
            yield end.y + NODE_HEIGHT / 2 if end is not None else _MARGIN


def _path(
    link: Link,
    nodes: Mapping[str, Rectangle],
    boxes: Mapping[str, Rectangle],
    bends: Mapping[tuple[str, str], tuple[Point, ...]],
) -> tuple[Point, ...]:
    source = boxes[link.source.removeprefix("box:")] if link.source.startswith("box:") else nodes[link.source]
    target = nodes[link.target]
    start = Point(source.x + source.width, source.y + source.height / 2)
    end = Point(target.x, target.y + target.height / 2)
    if link.source.startswith("box:"):
        inside = source.x <= target.x and target.x + target.width <= source.x + source.width
        below = inside and source.y <= target.y <= source.y + source.height
        start = Point(source.x, end.y) if below else Point(source.x + source.width, source.y + _BOX_HEAD / 2)
    elif link[:2] not in bends and abs(target.x - source.x) < target.width / 2:
        start = Point(source.x, start.y)
    return (start, *bends.get((link.source, link.target), ()), end)
