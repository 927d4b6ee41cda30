"""The vocabulary of results: what is wrong, where, how bad, since when."""

from enum import IntEnum
from typing import NamedTuple

from gitops_guard.syntax.field import KeyPath
from gitops_guard.text import Position, Span


class Severity(IntEnum):
    """How bad a problem is, in ascending order."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        """The word that reports use."""
        return self.name.lower()


INFO, LOW, MEDIUM, HIGH, CRITICAL = Severity

SAFE = "safe"
NEEDS_REVIEW = "needs-review"
DISPLAY_ONLY = "display-only"

NEW = "new"
EXISTING = "existing"
WAIVED = "waived"
FIXED = "fixed"


class Resource(NamedTuple):
    """The object that a finding is about; all fields are empty for a file that holds none."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    container: str = ""


class Place(NamedTuple):
    """A place in a file of the scan, complete enough to be reported after the file is forgotten.

    `keypath` is the document's own, `document` its number in the file (0 where the file is not YAML).
    """

    path: str
    document: int
    keypath: KeyPath
    span: Span
    start: Position
    end: Position

    @property
    def where(self) -> str:
        """`path:line`; the path alone where it is the file as a whole."""
        return f"{self.path}:{self.start.line}" if self.start.line else self.path


class Patch(NamedTuple):
    """A proved fix: what one patch changes and why it may be believed.

    `diff` is a unified diff of all files it touches, with secrets masked. `proof` is in sentences.
    `shows_secret`: the lines that it writes hold a secret that was there already, so they must not be shown as is.
    """

    title: str
    safety: str
    note: str
    diff: str
    files: tuple["PatchedFile", ...]
    proof: tuple[str, ...]
    shows_secret: bool = False


class PatchedFile(NamedTuple):
    """A file after a patch. `before` is None for a file that the patch creates."""

    path: str
    before: str | None
    after: str


class FixOffer(NamedTuple):
    """What a finding says of its fix. `patch` is None as long as nobody asked for the proof, or where it failed.

    `refused` says why no patch can be offered. `combined` is one patch of all places of a finding that has several.
    """

    title: str
    safety: str
    note: str = ""
    patch: Patch | None = None
    refused: str = ""
    combined: Patch | None = None


class Finding(NamedTuple):
    """One problem at one place.

    `stem` identifies it across moves, renames and reordering (rule, object, keypath with list items by name);
    `fingerprint` is the published form. `masked` are offsets of text that must never be shown. `controls` are those
    that this finding violates itself, as `framework:id`. `image` is the normal form of the image that it is about, if
    it is about nothing else; `also` are the other places of the same problem with the same image, complete findings
    themselves. `rendered_in` names the roots whose results have the problem (`kustomize:overlays/prod`), `origin` the
    one that it was found in.
    """

    rule_id: str
    rule_name: str
    severity: Severity
    message: str
    place: Place
    resource: Resource
    stem: str
    fingerprint: str
    controls: tuple[str, ...]
    status: str = NEW
    fix: FixOffer | None = None
    masked: tuple[Span, ...] = ()
    suppressed_by: str = ""
    origin: str = "file"
    image: str = ""
    also: tuple["Finding", ...] = ()
    rendered_in: tuple[str, ...] = ()

    @property
    def places(self) -> "tuple[Finding, ...]":
        """This finding and those of the same image elsewhere."""
        return (self, *self.also)
