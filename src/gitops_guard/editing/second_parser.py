"""Reads a text with a second, independent parser, to compare with what ours read.

Both give the documents as nested dictionaries, lists and scalars, a scalar being its text and whether it is plain. Of
a repeated key the last entry counts; a merge key is an entry named `<<`; what an alias stands for is the same object.
"""

from typing import TYPE_CHECKING, NamedTuple

from gitops_guard.syntax.nodes import Node, Scalar, Sequence, resolved
from gitops_guard.syntax.yaml import parse

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node as SecondNode

Tree = dict[str, "Tree"] | list["Tree"] | tuple[str, bool]


class Unreadable(NamedTuple):
    """The parser does not read the text, for this reason."""

    reason: str


def our_tree(text: str) -> list[Tree] | Unreadable:
    """The documents as the program's own parser reads them."""
    stream = parse(text)
    for problem in stream.problems:
        if problem.kind != "duplicate-key":
            return Unreadable(problem.message)
    known: dict[int, Tree] = {}
    return [_our_tree(document.root, known) for document in stream.documents]


def ruamel_tree(text: str) -> list[Tree] | Unreadable:
    """The documents as ruamel.yaml's parser reads them, which shares no code with libyaml.

    Call it for texts that `our_tree` reads: that bounds depth and expansion.
    """
    import warnings  # noqa: PLC0415 - only proofs need it

    from ruamel.yaml import YAML  # noqa: PLC0415 - likewise, and it is slow to load
    from ruamel.yaml.error import ReusedAnchorWarning, YAMLError  # noqa: PLC0415

    reader = YAML(typ="safe", pure=True)
    reader.allow_duplicate_keys = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            return [_second_tree(root, {}) for root in reader.compose_all(text)]
    except YAMLError as error:
        return Unreadable(str(getattr(error, "problem", None) or error))
    except (RecursionError, _UnfitError):
        return Unreadable("nested too deeply, or a key that is not a scalar")


class _UnfitError(Exception):
    pass


def _our_tree(node: Node, known: dict[int, Tree]) -> Tree:
    target = resolved(node)
    tree = known.get(id(target))
    if tree is not None:
        return tree
    if isinstance(target, Scalar):
        tree = (target.text, target.is_plain)
    elif isinstance(target, Sequence):
        tree = [_our_tree(item, known) for item in target.items]
    else:
        entries = {key: _our_tree(value, known) for key, (_, value) in target.entries.items()}
        for merge in target.merges:
            entries["<<"] = _our_tree(merge, known)
        tree = entries
    known[id(target)] = tree
    return tree


def _second_tree(node: "SecondNode | None", known: dict[int, Tree]) -> Tree:
    from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode  # noqa: PLC0415 - slow to load

    tree: Tree
    if node is None:
        return ("", True)
    if id(node) in known:
        return known[id(node)]
    if isinstance(node, ScalarNode):
        tree = (node.value, node.style is None)
        known[id(node)] = tree
    elif isinstance(node, SequenceNode):
        tree = known[id(node)] = []
        tree.extend(_second_tree(item, known) for item in node.value)
    elif isinstance(node, MappingNode):
        tree = known[id(node)] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise _UnfitError
            tree[key.value] = _second_tree(value, known)
    else:
        raise _UnfitError
    return tree
