"""The ConfigMaps of a repository that values and variables are taken from."""

from functools import cached_property

from gitops_guard.model.kubernetes_object import objects
from gitops_guard.rendering.declared import nearness
from gitops_guard.rendering.roots import Tree
from gitops_guard.source_file import SourceFile, decode
from gitops_guard.syntax.yaml import parse

_WORD = "kind: ConfigMap"


class ConfigMaps:
    """ConfigMaps by namespace and name; the files are looked for when the first is asked for."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    @cached_property
    def _known(self) -> dict[tuple[str, str], list[tuple[str, dict[str, str]]]]:
        found: dict[tuple[str, str], list[tuple[str, dict[str, str]]]] = {}
        for path in sorted(self._tree.find((_WORD,))):
            file = decode(path, self._tree.read(path) or b"")
            if not isinstance(file, SourceFile):
                continue
            for document in parse(file.text).documents:
                for obj in objects(document):
                    if obj.kind == "ConfigMap":
                        data = {str(field.key): field.text for field in obj.field["data"].entries()}
                        found.setdefault((obj.identity.namespace, obj.identity.name), []).append((path, data))
        return found

    def find(self, namespace: str, name: str, where: str) -> dict[str, str] | None:
        """The data of a ConfigMap; None where there is none.

        One that names no namespace may be in any. Several clusters in a repository have one of the same name each: the
        nearest to the path `where` is taken.
        """
        named = self._known.get((namespace, name)) or self._known.get(("", name)) or []
        return max(named, key=lambda one: nearness(one[0], where), default=("", None))[1]
