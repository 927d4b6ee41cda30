"""Which shard a file belongs to."""

import re
from hashlib import sha256
from typing import NamedTuple

from gitops_guard.errors import UsageError

MOST = 256
"""Jobs of one matrix (GitHub's documentation, "Usage limits")."""


class Shard(NamedTuple):
    """Part `number` (from 1) of `total`."""

    number: int
    total: int

    def holds(self, path: str) -> bool:
        """Whether a file belongs to this part: files of one folder stay together, on every machine and in every run."""
        return shard_of(path, self.total) == self.number

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


def shard_of(path: str, total: int) -> int:
    """The number, from 1, of the shard that a file belongs to: by a hash of its folder's name."""
    folder = path.rstrip("/").rpartition("/")[0]
    digest = sha256(folder.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8]) % total + 1


def parse_shard(text: str) -> Shard:
    """The shard that `I/N` names.

    Raises:
        UsageError: it is no such text.
    """
    found = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
    number, total = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= total <= MOST:
        raise UsageError(f"--shard {text}: expected I/N", hint=f"for example 3/8; N is at most {MOST}")
    return Shard(number, total)
