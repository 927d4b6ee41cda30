"""The hidden first line by which a later run knows a comment of its own again.

It names the object, not a line: force-pushes, moved lines and renamed files change nothing in it. Only the marks of
comments that the token's own identity wrote may be believed; anybody can write one.
"""

import re
from hashlib import sha256
from typing import NamedTuple

OPEN, SOLVED, MOVED = "open", "solved", "moved"
_START = "<!-- gitops-guard:"
_MARK = re.compile(r"<!-- gitops-guard:((?:[a-z]+=[\w,]* ){1,9})-->")
_FINDINGS = 400


class Mark(NamedTuple):
    """What a mark says.

    `key` is the object (see `object_key`), `place` the path, `instance` whose comment it is, `findings` how the
    fingerprints of what the comment speaks of start, `state` what became of it. `after` is the comment that it took the
    place of, 0 for none.
    """

    key: str
    place: str
    instance: str
    findings: frozenset[str] = frozenset()
    state: str = OPEN
    after: int = 0

    @property
    def line(self) -> str:
        """The hidden line."""
        findings = ",".join(sorted(self.findings)[:_FINDINGS])
        values = {"object": self.key, "path": self.place, "instance": self.instance, "state": self.state}
        values |= {"after": str(self.after)} if self.after else {}
        return _START + "".join(f"{name}={value} " for name, value in values.items()) + f"findings={findings} -->"


def read_mark(body: str) -> Mark | None:
    """The mark of a comment; None for any other comment."""
    found = _MARK.fullmatch(body.partition("\n")[0].rstrip())
    if found is None:
        return None
    values = dict(word.split("=", 1) for word in found[1].split())
    if not {"object", "path", "instance"} <= values.keys():
        return None
    findings = frozenset(filter(None, values.get("findings", "").split(",")))
    after = values.get("after", "")
    number = int(after) if re.fullmatch(r"[0-9]{1,20}", after) else 0
    return Mark(values["object"], values["path"], values["instance"], findings, values.get("state", OPEN), number)


def summary_mark(instance: str) -> str:
    """The first line of the one comment in the conversation."""
    return f"{_START}summary instance={instance} -->"


def short(*parts: str) -> str:
    """Sixteen hexadecimal digits for an identity."""
    return sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
