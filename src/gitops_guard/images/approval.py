"""The one decision whether an image is approved: pure, on parsed references, never on substrings.

An entry that names a `replacement` or a `mirror` approves that instead of what it matches: without `tags`, everything
it matches is refused in its favour; with `tags`, only what they leave out.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal, NamedTuple

from gitops_guard.settings import ApprovedImage
from gitops_guard.syntax.image_reference import DOCKER_HUB, ImageReference, InvalidReference, parse

State = Literal["approved", "refused", "undecided"]
_ANY_DEPTH = "/**"
_ONE_LEVEL = "/*"


class Verdict(NamedTuple):
    """The decision, `why`, and the entries behind it.

    `entry` approves the image; `nearest` is the entry that matches its repository but refuses it, or the one that
    comes closest by name: what a message points to. `substitute` is the reference that `nearest` wants written.
    """

    state: State
    entry: ApprovedImage | None
    nearest: ApprovedImage | None
    why: str
    substitute: str = ""


def decide(reference: ImageReference | InvalidReference, approved: Sequence[ApprovedImage], today: date) -> Verdict:
    """Decides on an image.

    Args:
        reference: as parsed; one with an unresolved variable is undecided, any other invalid one is refused.
        approved: the list; an entry whose `expires` lies before `today` approves nothing.
        today: the day of the decision.
    """
    if isinstance(reference, InvalidReference):
        return Verdict("undecided" if reference.unresolved else "refused", None, None, reference.reason)
    refused: Verdict | None = None
    for entry in approved:
        verdict = _by_entry(reference, entry, today)
        if verdict is not None and verdict.state == "approved":
            return verdict
        if verdict is not None and (refused is None or (verdict.substitute and not refused.substitute)):
            refused = verdict
    if refused is not None:
        return refused
    return Verdict("refused", None, _closest(reference, approved), f"no entry approves {reference.name}")


def _by_entry(reference: ImageReference, entry: ApprovedImage, today: date) -> Verdict | None:
    """What one entry says; None if it does not speak of this repository."""
    expired = entry.expires is not None and entry.expires < today
    if not expired and entry.replacement and _same(reference, entry.replacement):
        return Verdict("approved", entry, None, "it is the replacement that the list names")
    at_mirror = bool(entry.mirror) and matches_repository(_mirror_pattern(entry), reference.name)
    if not at_mirror and not matches_repository(entry.repository, reference.name):
        return None
    substitute = "" if at_mirror else _substitute(reference, entry)
    why = _refusal(reference, entry, expired=expired, at_mirror=at_mirror)
    if why:
        return Verdict("refused", None, entry, why, substitute)
    return Verdict("approved", entry, None, f"approved by {entry.repository}")


def _refusal(reference: ImageReference, entry: ApprovedImage, *, expired: bool, at_mirror: bool) -> str:
    if expired:
        return f"the approval of {entry.repository} expired on {entry.expires}"
    if entry.mirror and not at_mirror:
        return f"{reference.name} is to be pulled from {entry.mirror}"
    if entry.replacement and not entry.tags:
        return f"{entry.replacement} is to be used instead"
    if entry.tags and not any(glob(tag, reference.tag or "latest") for tag in entry.tags):
        written = reference.tag or ("none" if reference.digest is None else "none, only a digest")
        return f"approved tags are {', '.join(entry.tags)}, not {written}"
    if entry.digest_required and reference.digest is None:
        return f"{entry.repository} is approved with a digest only"
    return ""


def _same(reference: ImageReference, text: str) -> bool:
    """Whether a reference is what a text names; a digest that the text leaves open may be added."""
    wanted = parse(text)
    if not isinstance(wanted, ImageReference) or wanted[:3] != reference[:3]:
        return False
    return wanted.digest in {None, reference.digest}


def _substitute(reference: ImageReference, entry: ApprovedImage) -> str:
    if entry.replacement:
        return entry.replacement
    if not entry.mirror:
        return ""
    base, _, rest = _wildcard(normal_pattern(entry.repository))
    if not rest and "*" in base:
        return ""
    name = entry.mirror.rstrip("/") + (reference.name.removeprefix(base) if rest else "")
    return reference.normalized.replace(reference.name, name, 1)


def _mirror_pattern(entry: ApprovedImage) -> str:
    return entry.mirror.rstrip("/") + _wildcard(entry.repository)[2]


def _wildcard(pattern: str) -> tuple[str, str, str]:
    """Splits off a final `/*` or `/**`, if it is the only wildcard."""
    for end in (_ANY_DEPTH, _ONE_LEVEL):
        base = pattern.removesuffix(end)
        if base != pattern and "*" not in base:
            return base, "", end
    return pattern, "", ""


def matches_repository(pattern: str, name: str) -> bool:
    """Whether a pattern matches registry and repository: segment by segment, the host being the first."""
    wanted, found = normal_pattern(pattern).split("/"), name.split("/")
    if wanted[-1] == "**":
        wanted.pop()
        if len(found) <= len(wanted):
            return False
        found = found[: len(wanted)]
    return len(wanted) == len(found) and all(map(glob, wanted, found))


def normal_pattern(pattern: str) -> str:
    """A pattern in the normal form of references: `nginx` is `docker.io/library/nginx`."""
    first, slash, rest = pattern.strip().partition("/")
    if not slash:
        return f"{DOCKER_HUB}/library/{first}"
    if "." not in first and ":" not in first and first != "localhost":
        return f"{DOCKER_HUB}/{first}/{rest}"
    host = DOCKER_HUB if first.lower() == "index.docker.io" else first.lower()
    official = host == DOCKER_HUB and "/" not in rest and rest != "**"
    return f"{host}/library/{rest}" if official else f"{host}/{rest}"


def glob(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern in which `*` stands for any characters; linear in both."""
    first, *others = pattern.split("*")
    if not others:
        return text == pattern
    last = others.pop()
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in others:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _closest(reference: ImageReference, approved: Sequence[ApprovedImage]) -> ApprovedImage | None:
    """The entry with the same last segment of the repository, if there is one."""
    last = reference.repository.rpartition("/")[2]
    return next(_of_same_name(last, approved), None)


def _of_same_name(last: str, approved: Sequence[ApprovedImage]) -> Iterator[ApprovedImage]:
    for entry in approved:
        segment = entry.repository.rpartition("/")[2]
        if segment == last:
            yield entry
