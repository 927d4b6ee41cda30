"""Renders and maps roots with the real tools, for tests of what is made of the result."""

from collections.abc import Mapping

from gitops_guard.rendering.build import Surroundings, build_of
from gitops_guard.rendering.mapping import map_sources
from gitops_guard.rendering.rendered_objects import rendered_objects
from gitops_guard.rendering.roots import Build, Rendered, Root
from gitops_guard.rendering.source_map import SourceMap
from gitops_guard.rendering.source_place import SourcePlace
from rendering_parts import real_tools


def bound(root: Root) -> Build:
    """A root bound to the tools of this machine."""
    return build_of(root, Surroundings(real_tools()))


class Mapped:
    """A root of some files, rendered and mapped."""

    def __init__(self, root: Root, files: Mapping[str, str]) -> None:
        self.files = {path: text.encode() for path, text in files.items()}
        rendered = bound(root)(self.files)
        assert isinstance(rendered, Rendered), rendered
        self.rendered = rendered
        self.map: SourceMap = map_sources(root, self.files, bound, rendered)
        self.objects = rendered_objects(rendered.text)

    def place(self, kind: str, *keypath: str | int, name: str = "") -> SourcePlace:
        """Where a field of the first object of a kind comes from."""
        obj = next(o for o in self.objects if o.kind == kind and (not name or o.identity.name == name))
        place = self.map.locate(obj.identity, keypath)
        assert place is not None
        return place

    def where(self, kind: str, *keypath: str | int, name: str = "") -> str:
        """`path:line kind: the line's text`, or `path kind` where only the file is known."""
        place = self.place(kind, *keypath, name=name)
        if place.start is None:
            return f"{place.path} {place.kind}"
        line = self.files[place.path].decode().split("\n")[place.start.line - 1]
        return f"{place.path}:{place.start.line} {place.kind}: {line.strip()}"
