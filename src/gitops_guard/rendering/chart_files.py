"""Every file that Helm would read for a chart, and where the charts that it depends on come from."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from gitops_guard.rendering.kustomize_files import Blocked, below, read_mapping
from gitops_guard.rendering.roots import RemoteChart, Tree
from gitops_guard.syntax.field import Field

CHART = "Chart.yaml"
_LOCAL = "file://"
_DEEPEST = 8
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?\Z")


class Archives(Protocol):
    """Chart archives (`NAME-VERSION.tgz`) of a folder that the configuration names."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all archives."""
        ...

    def read(self, name: str) -> bytes | None:
        """The content of one."""
        ...


class Dependency(NamedTuple):
    """An entry of a chart's `dependencies`; `folder` is where a local one lies in the repository."""

    chart: RemoteChart
    folder: str = ""


class ChartReach(NamedTuple):
    """What a chart in the repository is made of."""

    files: frozenset[str]


def chart_reach(folder: str, tree: Tree, depth: int = 0) -> ChartReach | Blocked:
    """Every file of a chart's folder, and of the charts in the repository that it depends on."""
    if depth > _DEEPEST:
        return Blocked(f"its charts depend on each other deeper than {_DEEPEST} levels")
    link = next((link for link in sorted(tree.links) if not folder or link.startswith(f"{folder}/")), None)
    if link is not None:
        return Blocked(f"{link} is a symbolic link: Helm would follow it", "replace it by the file")
    files = {path for path in tree.paths if not folder or path.startswith(f"{folder}/")}
    root = read_mapping(below(folder, CHART), tree)
    if isinstance(root, Blocked):
        return root
    for dependency in dependencies(root, folder):
        if not dependency.folder or dependency.folder == folder or _is_vendored(dependency.chart.name, folder, tree):
            continue
        if below(dependency.folder, CHART) not in tree.paths:
            return Blocked(f"{dependency.chart} is not here")
        inner = chart_reach(dependency.folder, tree, depth + 1)
        if isinstance(inner, Blocked):
            return inner
        files |= inner.files
    return ChartReach(frozenset(files))


def dependencies(root: Field, folder: str) -> Iterator[Dependency]:
    """The charts that a Chart.yaml names."""
    for item in root["dependencies"].items():
        name, place = item["name"].text, item["repository"].text
        chart = RemoteChart(name, item["version"].text, place)
        if not name or "/" in name:
            continue
        if place.startswith(_LOCAL):
            local = posixpath.normpath(posixpath.join(folder, place.removeprefix(_LOCAL)))
            outside = place.startswith(_LOCAL + "/") or local.split("/")[0] == ".."
            yield Dependency(chart, "" if outside or local == "." else local)
        else:
            yield Dependency(chart)


def _is_vendored(name: str, folder: str, tree: Tree) -> bool:
    start = below(folder, "charts/")
    return any(is_archive_of(name, path.removeprefix(start)) for path in tree.paths if path.startswith(start))


def is_archive_of(name: str, path: str) -> bool:
    """Whether a path below `charts/` belongs to a chart: a file of its folder, or its archive."""
    if path.startswith(f"{name}/"):
        return True
    rest = path.removeprefix(f"{name}-") if path.startswith(f"{name}-") else ""
    return rest.endswith(".tgz") and rest[:1].isdigit()


def completed(
    folder: str, files: Mapping[str, bytes], chart: Field, archives: Archives | None
) -> dict[str, bytes] | Blocked:
    """The files of a chart with those that its `charts/` lacks and that are at hand.

    Args:
        folder: the chart's.
        files: all files that the chart needs, by path.
        chart: its Chart.yaml.
        archives: the configured folder of archives.
    """
    found = dict(files)
    start = below(folder, "charts/")
    for dependency in dependencies(chart, folder):
        name = dependency.chart.name
        if any(is_archive_of(name, path.removeprefix(start)) for path in files if path.startswith(start)):
            continue
        if dependency.folder:
            prefix = f"{dependency.folder}/"
            found |= {
                f"{start}{name}/{p.removeprefix(prefix)}": raw for p, raw in files.items() if p.startswith(prefix)
            }
            continue
        archive = archive_of(dependency.chart, archives)
        if archive is None:
            return Blocked(f"{dependency.chart} is not here", f"helm dependency build {folder or '.'}")
        found[start + archive[0]] = archive[1]
    return found


def archive_of(chart: RemoteChart, archives: Archives | None) -> tuple[str, bytes] | None:
    """The newest archive at hand that a chart's version allows: its name and content."""
    if archives is None:
        return None
    fitting: list[tuple[tuple[int, ...], str]] = []
    for name in archives.names:
        if is_archive_of(chart.name, name):
            version = name.removeprefix(f"{chart.name}-").removesuffix(".tgz")
            numbers = _numbers(version)
            if version == chart.version.removeprefix("v") or (numbers and allows(chart.version, version)):
                fitting.append((numbers, name))
    if not fitting:
        return None
    name = max(fitting)[1]
    content = archives.read(name)
    return None if content is None else (name, content)


def allows(wanted: str, version: str) -> bool:
    """Whether a range of Helm (Masterminds/semver: `~1.2`, `^1.2.3`, `1.x`, `>=1 <2`, `||`) holds a version.

    A form that is not known here allows nothing.
    """
    numbers, parsed = _numbers(version), _VERSION.match(version)
    if not numbers or parsed is None:
        return False
    if parsed[4]:
        return wanted.removeprefix("v").removeprefix("=") == version.removeprefix("v")
    return any(_all(part, numbers) for part in wanted.split("||"))


def _all(part: str, numbers: tuple[int, ...]) -> bool:
    words = re.findall(r"([<>=!~^]*)\s*v?([0-9xX*][0-9A-Za-z.*+-]*)", part)
    if re.sub(r"[<>=!~^]*\s*v?[0-9xX*][0-9A-Za-z.*+-]*", "", part).strip(" ,"):
        return False
    return all(_one(sign, text, numbers) for sign, text in words)


def _one(sign: str, text: str, numbers: tuple[int, ...]) -> bool:
    given = _leading(text)
    span = _span(sign, given)
    if span is not None:
        return span[0] <= numbers < span[1]
    low, after = (*given, 0, 0, 0)[:3], _after(given)
    holds = {
        ">=": numbers >= low, "=>": numbers >= low, ">": numbers >= after, "<": numbers < low, "<=": numbers < after,
        "=<": numbers < after, "!=": not low <= numbers < after,
    }  # fmt: skip
    return holds.get(sign, False)


def _leading(text: str) -> list[int]:
    """The numbers before the first wildcard: `1.x` has one."""
    given: list[int] = []
    for word in text.partition("-")[0].split("."):
        if not word.isdigit():
            break
        given.append(int(word))
    return given


def _span(sign: str, given: list[int]) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """From where on, and below what a sign allows; None for signs that bound one side only."""
    low = (*given, 0, 0, 0)[:3]
    if sign in {"", "="}:
        return low, _after(given)
    if sign in {"~", "~>"}:
        return low, _after(given[:2])
    if sign == "^":
        fixed = next((n for n, number in enumerate(given) if number), max(len(given) - 1, 0)) + 1
        return low, _after(given[:fixed])
    return None


def _after(given: list[int]) -> tuple[int, ...]:
    return (*given[:-1], given[-1] + 1, 0, 0)[:3] if given else (1 << 62,)


def _numbers(version: str) -> tuple[int, ...]:
    parsed = _VERSION.match(version)
    return tuple(int(part or 0) for part in parsed.groups()[:3]) if parsed else ()
