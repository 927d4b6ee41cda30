"""Places in the Application or Flux Kustomization that asked for a root, and put something around it."""

from collections.abc import Iterator

from gitops_guard.editing.claim import same_data
from gitops_guard.rendering.roots import Root
from gitops_guard.rendering.source_place import Sheet, SourcePlace, whole_file
from gitops_guard.rendering.source_tree import SourceTree
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.nodes import Data


def asking_sheets(tree: SourceTree, root: Root) -> tuple[Sheet, ...]:
    """The documents of the objects that asked for a root; their files may hold others beside them."""
    return tuple(sheet for label in root.source.split("; ") for sheet in _of_label(tree, label))


def asking_paths(root: Root) -> frozenset[str]:
    """The files of all of them."""
    return frozenset(label.partition(": ")[0] for label in root.source.split("; ") if label)


def asking_path(tree: SourceTree, root: Root) -> str:
    """The file of the first of them; empty where nothing asks for the root, or it is not here."""
    path = root.source.partition(": ")[0]
    return path if path in tree else ""


def _of_label(tree: SourceTree, label: str) -> tuple[Sheet, ...]:
    path, _, who = label.partition(": ")
    kind, _, name = who.partition(" ")
    named = name.rpartition("/")[2]
    found = [sheet for sheet in tree.sheets(path) if sheet.root["kind"].text == kind]
    exact = [sheet for sheet in found if sheet.root["metadata"]["name"].text == named]
    return tuple(exact or (found if len(found) == 1 else ()))


def asking_place(tree: SourceTree, root: Root, around: Sheet, place: SourcePlace) -> SourcePlace | None:
    """Where the asking object says what the kustomization around says at a place; its file if that cannot be told."""
    wanted = around.root.at(*place.keypath).data
    for sheet in asking_sheets(tree, root):
        found = next(_with_value(sheet.root["spec"], wanted), None)
        if found is not None:
            return sheet.place(found, place.kind)
    path = asking_path(tree, root)
    return whole_file(path) if path else None


def _with_value(field: Field, wanted: Data) -> Iterator[Field]:
    """The fields below one that hold a value, the outermost first."""
    if wanted is None:
        return
    if same_data(field.data, wanted):
        yield field
    for below in (*field.entries(), *field.items()):
        yield from _with_value(below, wanted)
