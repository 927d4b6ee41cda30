"""What a fix wants changed, independent of how the file is written.

An intent names keypaths of the one document that its finding lies in. `editing.yaml` turns it into text edits that
follow the file's own style; the proof applies the same intent to plain data to know what must have changed.
"""

from typing import NamedTuple

from gitops_guard.syntax.field import KeyPath
from gitops_guard.syntax.nodes import Data
from gitops_guard.text import Edit


class SetValue(NamedTuple):
    """Writes a value at a keypath: replaces what is there, or inserts the key and every missing mapping above it.

    Where a missing part of the path is an index, it must be the index one past the end of its sequence.
    """

    path: KeyPath
    value: Data


class DeleteKey(NamedTuple):
    """Deletes a key of a mapping or an item of a sequence; a parent that would become empty goes with it."""

    path: KeyPath


class AppendItem(NamedTuple):
    """Appends an item to the sequence at a keypath, which is created if missing."""

    path: KeyPath
    value: Data


class AppendDocument(NamedTuple):
    """Appends a document, given as YAML text without a `---` line, to the file."""

    text: str


class EditText(NamedTuple):
    """Edits at exact places, for files that are not YAML. The claim is the new text of `after` at those places."""

    edits: tuple[Edit, ...]


Intent = SetValue | DeleteKey | AppendItem | AppendDocument | EditText
