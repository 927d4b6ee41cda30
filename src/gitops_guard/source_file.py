"""A file as it is scanned: its path, its text, and where it came from."""

from typing import NamedTuple

SIZE_LIMIT = 20 * 1024 * 1024
"""Bytes; a larger file is not read. GitHub itself refuses to show files of this size."""

_BOM = "\ufeff"


class Skipped(NamedTuple):
    """A file that was not looked at, and why. Never silence: it goes into the report's coverage."""

    path: str
    reason: str


class SourceFile(NamedTuple):
    """A text to scan.

    `path` is relative to the root of the scan, with `/`; bytes of the name that are not UTF-8 are kept as surrogates.
    `text` never starts with a byte order mark: `bom` says that there was one, and `encode` puts it back.
    """

    path: str
    text: str
    bom: bool = False

    def encode(self, text: str) -> bytes:
        """The bytes to write for a changed text of this file."""
        return ((_BOM if self.bom else "") + text).encode()


def decode(path: str, raw: bytes) -> SourceFile | Skipped:
    """Reads UTF-8; anything else is a reason not to look, since no edit of it could be proved."""
    if len(raw) > SIZE_LIMIT:
        return Skipped(path, f"larger than {SIZE_LIMIT // 1024 // 1024} MiB")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Skipped(path, "UTF-16 or UTF-32: save it as UTF-8")
    if b"\0" in raw:
        return Skipped(path, "binary: it holds a NUL byte")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Skipped(path, f"not UTF-8: byte 0x{raw[error.start]:02x} in line {line}")
    return SourceFile(path, text.removeprefix(_BOM), text.startswith(_BOM))
