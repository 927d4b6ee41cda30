"""Builds Kustomize roots with the real kustomize, for tests of what is made of the result."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gitops_guard.rendering.mapping import map_kustomization
from gitops_guard.rendering.outcome import Build, NotRendered, Rendered
from gitops_guard.rendering.rendered_objects import rendered_objects
from gitops_guard.rendering.source_map import SourceMap

KUSTOMIZE = ("kustomize", "build") if shutil.which("kustomize") else ("kubectl", "kustomize")


def build_of(folder: str) -> Build:
    """Renders a root of the files that it is given."""

    def build(files: Mapping[str, bytes]) -> Rendered | NotRendered:
        with tempfile.TemporaryDirectory() as top:
            for path, raw in files.items():
                target = Path(top) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(raw)
            done = subprocess.run(
                [*KUSTOMIZE, str(Path(top) / folder)],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
                env={"PATH": os.environ["PATH"]},
            )
        if done.returncode:
            return NotRendered(folder, done.stderr)
        return Rendered(folder, done.stdout)

    return build


class Mapped:
    """A root of some files, rendered and mapped."""

    def __init__(self, folder: str, files: Mapping[str, str]) -> None:
        self.files = {path: text.encode() for path, text in files.items()}
        build = build_of(folder)
        rendered = build(self.files)
        assert isinstance(rendered, Rendered), rendered
        self.rendered = rendered
        self.map: SourceMap = map_kustomization(folder, self.files, build, rendered)
        self.objects = rendered_objects(rendered.text)

    def where(self, kind: str, *keypath: str | int, name: str = "") -> str:
        """`path:line kind: the line's text`, or `path kind` where only the file is known."""
        obj = next(o for o in self.objects if o.kind == kind and (not name or o.identity.name == name))
        place = self.map.locate(obj.identity, keypath)
        assert place is not None
        if place.start is None:
            return f"{place.path} {place.kind}"
        line = self.files[place.path].decode().split("\n")[place.start.line - 1]
        return f"{place.path}:{place.start.line} {place.kind}: {line.strip()}"
