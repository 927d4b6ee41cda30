"""What intents mean for plain data: the claim that an edited text must live up to.

Independent of text, styles and spans, so that the proof of an edit does not rest on the code that made it.
"""

from collections.abc import Sequence

from gitops_guard.editing.intent import AppendDocument, AppendItem, DeleteKey, Intent, SetValue
from gitops_guard.syntax.field import KeyPath, format_keypath
from gitops_guard.syntax.nodes import Data, data
from gitops_guard.syntax.yaml import parse


class ImpossibleIntentError(ValueError):
    """An intent does not fit the data: its place cannot exist there. The message is for people."""


def ordered(intents: Sequence[Intent]) -> list[Intent]:
    """The order in which intents are applied.

    What sets and appends comes first, as given. Deletions come last and from the back, so that indices of lists stay
    valid; one that lies inside another is dropped.
    """
    additions: list[Intent] = []
    paths: list[KeyPath] = []
    for intent in intents:
        if isinstance(intent, DeleteKey):
            paths.append(intent.path)
        else:
            additions.append(intent)
    known = set(paths)
    outermost = [path for path in known if not any(path[:length] in known for length in range(1, len(path)))]
    outermost.sort(key=_position, reverse=True)
    return additions + [DeleteKey(path) for path in outermost]


def _position(path: KeyPath) -> list[tuple[int, str]]:
    return [(key, "") if isinstance(key, int) else (-1, key) for key in path]


def expected(documents: list[Data], document: int, intents: Sequence[Intent]) -> list[Data]:
    """The data of all documents of a file after the intents, which concern the document of that number.

    Raises:
        ImpossibleIntentError: an intent does not fit, or is not one for YAML.
    """
    result = list(documents)
    for intent in ordered(intents):
        if isinstance(intent, AppendDocument):
            result.append(_single_document(intent.text))
            continue
        if not isinstance(intent, SetValue | AppendItem | DeleteKey):
            raise ImpossibleIntentError("this change is not one of a YAML document")
        if not 0 <= document < len(result):
            raise ImpossibleIntentError(f"the file has no document {document}")
        result[document] = _applied(result[document], intent)
    return result


def nested(path: KeyPath, value: Data) -> Data:
    """A value below all the mappings and lists that a path names; an index in it must be 0.

    Raises:
        ImpossibleIntentError: an index lies beyond the end of its new list.
    """
    for key in reversed(path):
        if isinstance(key, int):
            if key:
                raise ImpossibleIntentError(f"the index {key} is beyond the end of the list at {format_keypath(path)}")
            value = [value]
        else:
            value = {key: value}
    return value


def same_data(left: Data, right: Data) -> bool:
    """Whether two values are equal to Kubernetes: `1`, `1.0` and `true` differ, the order of keys does not count."""
    if left.__class__ is not right.__class__:
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_data(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_data, left, right))
    return left == right or (left != left and right != right)  # noqa: PLR0124 - NaN equals NaN here


def _single_document(text: str) -> Data:
    stream = parse(text)
    if stream.problems or len(stream.documents) != 1:
        raise ImpossibleIntentError("the text to append is not one readable document")
    return data(stream.documents[0].root)


def _applied(root: Data, intent: SetValue | AppendItem | DeleteKey) -> Data:
    if isinstance(intent, SetValue):
        if not intent.path:
            raise ImpossibleIntentError("a whole document cannot be replaced")
        return _with_value(root, intent.path, intent.value)
    if isinstance(intent, AppendItem):
        return _with_item(root, intent.path, intent.value)
    path = _deleted_path(root, intent.path)
    return _without(root, path)


def _with_value(node: Data, path: KeyPath, value: Data) -> Data:
    if not path:
        return value
    if node is None:
        return nested(path, value)
    key, rest = path[0], path[1:]
    if isinstance(node, dict) and isinstance(key, str):
        return {**node, key: _with_value(node.get(key), rest, value)}
    if isinstance(node, list) and isinstance(key, int):
        if not 0 <= key <= len(node):
            raise ImpossibleIntentError(f"the index {key} is beyond the end of its list")
        inner = _with_value(node[key] if key < len(node) else None, rest, value)
        return [*node[:key], inner, *node[key + 1 :]]
    raise ImpossibleIntentError(f"nothing can be set at {format_keypath(path)}: what stands above is of another type")


def _with_item(root: Data, path: KeyPath, value: Data) -> Data:
    present = _at(root, path)
    if present is not None and not isinstance(present, list):
        raise ImpossibleIntentError(f"{format_keypath(path)} is not a list")
    return _with_value(root, path, [*(present or []), value])


def _at(node: Data, path: KeyPath) -> Data:
    for key in path:
        if isinstance(node, dict) and isinstance(key, str):
            node = node.get(key)
        elif isinstance(node, list) and isinstance(key, int) and 0 <= key < len(node):
            node = node[key]
        else:
            return None
    return node


def _holds(node: dict[str, Data] | list[Data], key: str | int) -> bool:
    if isinstance(node, dict):
        return key in node
    return isinstance(key, int) and 0 <= key < len(node)


def _deleted_path(root: Data, path: KeyPath) -> KeyPath:
    """The path that goes: that of the nearest ancestor-or-self which is not alone in its parent."""
    node, deleted = root, 0
    for depth, key in enumerate(path):
        if not isinstance(node, dict | list) or not _holds(node, key):
            raise ImpossibleIntentError(f"there is nothing at {format_keypath(path)}")
        if len(node) > 1:
            deleted = depth + 1
        node = _at(node, (key,))
    if not deleted:
        raise ImpossibleIntentError("nothing would be left of the document")
    return path[:deleted]


def _without(node: Data, path: KeyPath) -> Data:
    key, rest = path[0], path[1:]
    if isinstance(node, dict) and isinstance(key, str):
        if rest:
            return {**node, key: _without(node[key], rest)}
        return {name: value for name, value in node.items() if name != key}
    if isinstance(node, list) and isinstance(key, int):
        return [*node[:key], *([_without(node[key], rest)] if rest else []), *node[key + 1 :]]
    raise ImpossibleIntentError("the path does not fit")
