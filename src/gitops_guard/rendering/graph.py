"""What feeds what in a repository: folders, charts, and the objects that tell Argo CD and Flux what to apply."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from gitops_guard.rendering.application_sets import applications_of
from gitops_guard.rendering.argo_cd import of_application
from gitops_guard.rendering.build import Renderer, needed
from gitops_guard.rendering.chart_files import CHART
from gitops_guard.rendering.config_maps import ConfigMaps
from gitops_guard.rendering.declared import (
    WORDS,
    Declared,
    Edge,
    Elsewhere,
    Found,
    Plain,
    Surveyed,
    declared_in,
    folders_of,
    text,
)
from gitops_guard.rendering.flux import of_kustomization, of_release
from gitops_guard.rendering.kustomize_files import below
from gitops_guard.rendering.kustomize_roots import Folders, folders
from gitops_guard.rendering.roots import NotRendered, Rendered, Root, Tree

MOST_ROOTS = 2000
_OF_FOLDERS = ("kustomize.toolkit.fluxcd.io/", "argoproj.io/")
_SOURCES = ("GitRepository", "OCIRepository", "HelmRepository", "Bucket")


class Versions(NamedTuple):
    """What of the cluster a chart may ask for."""

    kubernetes: str = ""
    apis: tuple[str, ...] = ()


class Graph(NamedTuple):
    """Everything that a tree would apply.

    `roots` are rendered; `needs` gives for each the files that it is made of, who asks for it included. `elsewhere` is
    asked for and not here; `plain` are folders applied as they are; `parts` are folders that only other roots include,
    with what they are: a base, a component, a library or a subchart. `remote` are kustomizations that name something
    in a network.
    """

    roots: tuple[Root, ...]
    needs: tuple[frozenset[str], ...]
    elsewhere: tuple[Elsewhere, ...] = ()
    plain: tuple[Plain, ...] = ()
    edges: tuple[Edge, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    remote: tuple[tuple[str, str], ...] = ()


def discover(
    tree: Tree,
    versions: Versions = Versions(),  # noqa: B008 - a frozen value
    renderer: Renderer | None = None,
    changed: Collection[str] | None = None,
) -> Graph:
    """Finds out what a tree would apply.

    Args:
        tree: the files.
        versions: what charts are told of the cluster.
        renderer: renders roots whose files declare objects of Argo CD or Flux, so that these are taken as overlays
            leave them; None takes them as they are written.
        changed: only roots that a change of these paths can reach are rendered for that; None for all.
    """
    return _Survey(tree, versions, renderer, None if changed is None else frozenset(changed)).graph()


def reached(graph: Graph, changed: Collection[str]) -> tuple[Root, ...]:
    """The roots whose result a change of these files can change."""
    paths = frozenset(changed)
    return tuple(root for root, needs in zip(graph.roots, graph.needs, strict=True) if not paths.isdisjoint(needs))


class _Survey:
    def __init__(
        self, tree: Tree, versions: Versions, renderer: Renderer | None, changed: frozenset[str] | None
    ) -> None:
        self._tree = tree
        self._versions = versions
        self._renderer = renderer
        self._changed = changed
        self._maps = ConfigMaps(tree)
        self._folders = folders(tree)
        self._charts = tuple(sorted(path.rpartition("/")[0] for path in tree.paths if _is_chart(path)))
        self._known: dict[Root, frozenset[str] | NotRendered] = {}
        self._found: list[Found] = []
        self._asked: dict[str, set[str]] = {}
        self._made_of: dict[str, frozenset[str]] = {}

    def graph(self) -> Graph:
        own = [Root("kustomize", path) for path in self._folders.roots]
        files = [path for path in self._tree.find(WORDS) if not self._in_chart(path)]
        plain = [one for path in sorted(files) for one in declared_in(path, self._tree.read(path) or b"")]
        self._follow(plain)
        charts = [self._chart(path) for path in self._charts if not self._is_part(path)]
        # What tells of further folders comes first: these are then rendered once, as they are asked for.
        for words in (_OF_FOLDERS, WORDS):
            declaring = frozenset(path for path in files if self._holds(path, words))
            deployed = self._rendered_declarations(list(self._merged(own, charts)), declaring, words)
            if deployed:
                self._found, self._asked = [], {}
                replaced = frozenset(path for _, paths in deployed for path in paths)
                made = [one for declared, _ in deployed for one in declared]
                self._follow([*(one for one in plain if one.where not in replaced), *made])
        return self._joined(own, charts)

    def _holds(self, path: str, words: tuple[str, ...]) -> bool:
        content = self._tree.read(path) or b""
        return any(word.encode() in content for word in words)

    def _follow(self, declared: list[Declared]) -> None:
        """Finds what objects ask for."""
        sources: dict[tuple[str, str, str], list[Declared]] = {}
        for one in declared:
            sources.setdefault((one.kind, one.namespace, one.name), []).append(one)
        seen = Surveyed(
            self._tree, folders_of(self._tree.paths), sources, self._versions.kubernetes, self._versions.apis
        )
        for one in declared:
            for found in self._of(one, seen):
                self._found.append(found)
                if isinstance(found, Root | Plain):
                    self._asked.setdefault(found.source, set()).add(one.where)

    def _of(self, one: Declared, seen: Surveyed) -> Iterator[Found]:
        if one.kind == "Application":
            yield from of_application(one, seen)
        elif one.kind == "ApplicationSet":
            for made in applications_of(one, seen):
                if isinstance(made, Elsewhere):
                    yield made
                else:
                    yield Edge(one.label, "makes", made.title)
                    yield from of_application(made, seen)
        elif one.kind == "Kustomization":
            yield from of_kustomization(one, seen, self._maps)
        elif one.kind == "HelmRelease":
            yield from of_release(one, seen, self._maps)
        elif one.kind in _SOURCES:
            yield Edge(one.label, "fetches", text(one.spec.get("url")) or "something")

    def _roots(self) -> list[Root]:
        return [found for found in self._found if isinstance(found, Root)]

    def _rendered_declarations(
        self, roots: list[Root], declaring: frozenset[str], words: tuple[str, ...]
    ) -> list[tuple[list[Declared], frozenset[str]]]:
        """The objects that roots make, with the files which these roots are made of."""
        renderer = self._renderer
        if renderer is None:
            return []
        reached = None if self._changed is None else self._changed | self._asking(self._changed)
        wanted: dict[Root, frozenset[str]] = {}
        for root in roots:
            paths = self._needed(root)
            if isinstance(paths, NotRendered) or (reached is not None and paths.isdisjoint(reached)):
                continue
            if paths & declaring or self._declares(root, paths, words):
                wanted[root] = paths
        renderer.prepare(wanted, self._tree)
        found = []
        for root, paths in wanted.items():
            self._made_of[root.name] = self._made_of.get(root.name, frozenset()) | paths
            result = renderer.render(root, self._tree)
            if isinstance(result, Rendered):
                found.append((list(declared_in(root.name, result.text.encode())), paths & declaring))
        return found

    def _asking(self, changed: frozenset[str]) -> frozenset[str]:
        """The files of objects that ask for what a change reaches."""
        asking = (root.source for root in self._roots() if not changed.isdisjoint(self._needs(root)))
        return frozenset(path for source in asking for path in self._asked.get(source, ()))

    def _declares(self, root: Root, paths: frozenset[str], words: tuple[str, ...]) -> bool:
        templates = (path for path in paths if root.tool == "helm" and "/templates/" in f"/{path}")
        return any(self._holds(path, words) for path in templates)

    def _merged(self, own: list[Root], charts: list[Root]) -> dict[Root, dict[str, None]]:
        """All roots, each once, with who asks for it: a folder that is asked for is not rendered by itself too."""
        asked = self._roots()
        taken = {(root.tool, root.path) for root in asked if root.chart is None}
        taken |= {("kustomize", below(root.path, name)) for root in asked for name in root.resources}
        merged: dict[Root, dict[str, None]] = {}
        for root in (*(root for root in (*own, *charts) if (root.tool, root.path) not in taken), *asked):
            merged.setdefault(root._replace(source=""), {})[root.source] = None
        return merged

    def _joined(self, own: list[Root], charts: list[Root]) -> Graph:
        merged = self._merged(own, charts)
        roots = tuple(root._replace(source="; ".join(filter(None, sources))) for root, sources in merged.items())
        needs = tuple(self._needs(root).union(*map(self._places, sources)) for root, sources in merged.items())
        return Graph(
            roots[:MOST_ROOTS],
            needs[:MOST_ROOTS],
            (*dict.fromkeys(f for f in self._found if isinstance(f, Elsewhere)), *_too_many(roots)),
            tuple(dict.fromkeys(f for f in self._found if isinstance(f, Plain))),
            tuple(dict.fromkeys((*_inclusions(self._folders), *(f for f in self._found if isinstance(f, Edge))))),
            tuple(self._parts(frozenset(root.path for root in roots))),
            tuple((folder.path, entry) for folder in self._folders.known.values() for entry in folder.remote),
        )

    def _places(self, source: str) -> frozenset[str]:
        """The files of who asks for a root: its own, or those of the root that makes it."""
        found = (self._made_of.get(where, frozenset((where,))) for where in self._asked.get(source, ()))
        return frozenset().union(*found)

    def _needed(self, root: Root) -> frozenset[str] | NotRendered:
        plain = root._replace(source="")
        if plain not in self._known:
            self._known[plain] = needed(plain, self._tree)
        return self._known[plain]

    def _needs(self, root: Root) -> frozenset[str]:
        """The files of a root; of one that cannot be rendered, those of its folder."""
        paths = self._needed(root)
        if not isinstance(paths, NotRendered):
            return paths
        prefix = f"{root.path}/" if root.path else ""
        return frozenset(root.values_files) | frozenset(
            path for path in self._tree.paths if root.chart is None and path.startswith(prefix)
        )

    def _parts(self, roots: frozenset[str]) -> Iterator[tuple[str, str]]:
        for path, folder in self._folders.known.items():
            if folder.is_component:
                yield path, "component"
            elif path not in roots:
                yield path, "base"
        for path in self._charts:
            if self._is_part(path) and path not in roots:
                yield path, "subchart"

    def _chart(self, path: str) -> Root:
        return Root("helm", path, kube_version=self._versions.kubernetes, api_versions=self._versions.apis)

    def _is_part(self, chart: str) -> bool:
        """Whether a chart lies in the `charts` folder of another."""
        parts = chart.split("/")
        holders = ("/".join(parts[:n]) for n, part in enumerate(parts) if part == "charts")
        return any(below(holder, CHART) in self._tree.paths for holder in holders)

    def _in_chart(self, path: str) -> bool:
        """Whether a file is a template of a chart, and so no manifest by itself."""
        parts = path.split("/")
        holders = ("/".join(parts[:n]) for n, part in enumerate(parts[:-1]) if part == "templates")
        return any(below(holder, CHART) in self._tree.paths for holder in holders)


def _too_many(roots: Sequence[Root]) -> Iterable[Elsewhere]:
    """What is said of the roots that are not looked at."""
    if len(roots) > MOST_ROOTS:
        yield Elsewhere(
            "the repository", f"{len(roots) - MOST_ROOTS} roots", f"more than {MOST_ROOTS} roots are not looked at"
        )


def _is_chart(path: str) -> bool:
    return path == CHART or path.endswith(f"/{CHART}")


def _inclusions(found: Folders) -> Iterable[Edge]:
    for folder in found.known.values():
        for inner in folder.includes:
            yield Edge(f"kustomize:{folder.path or '.'}", "includes", f"kustomize:{inner or '.'}")
