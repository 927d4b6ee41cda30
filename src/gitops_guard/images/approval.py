"""The one decision whether an image is approved: pure, on parsed references, never on substrings.

An entry that names a `replacement` or a `mirror` approves that instead of what it matches: without `tags`, everything
it matches is refused in its favour; with `tags`, only what they leave out.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

from gitops_guard.facts.image import ImageFacts
from gitops_guard.images.limits import unmet
from gitops_guard.images.repository_pattern import (
    first_difference,
    likeness,
    matches_repository,
    mirror_pattern,
    mirrored,
)
from gitops_guard.settings import ApprovedImage
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference, parse
from gitops_guard.syntax.tag_pattern import matches_tag

State = Literal["approved", "refused", "undecided"]


class Verdict(NamedTuple):
    """The decision, `why`, and the entries behind it.

    `entry` approves the image; `nearest` is the entry that matches its repository but refuses it, or the one that
    comes closest by name, and `nearest_why` why that one does not match. `substitute` is the reference that `nearest`
    wants written. `undecided`: an entry would approve it if something were known that is not.
    """

    state: State
    entry: ApprovedImage | None
    nearest: ApprovedImage | None
    why: str
    substitute: str = ""
    nearest_why: str = ""


def decide(
    reference: ImageReference | InvalidReference,
    approved: Sequence[ApprovedImage],
    today: date,
    facts: ImageFacts | None = None,
) -> Verdict:
    """Decides on an image.

    Args:
        reference: as parsed; one with an unresolved variable is undecided, any other invalid one is refused.
        approved: the list; an entry whose `expires` lies before `today` approves nothing.
        today: the day of the decision.
        facts: what registries and scanners say of the image; None where nobody was asked.
    """
    if isinstance(reference, InvalidReference):
        return Verdict("undecided" if reference.unresolved else "refused", None, None, reference.reason)
    said = [verdict for entry in approved if (verdict := _by_entry(reference, entry, today, facts)) is not None]
    if said:
        return min(said, key=_rank)
    nearest = _nearest(reference, approved)
    why = first_difference(nearest.repository, reference.name) if nearest else ""
    return Verdict("refused", None, nearest, f"no entry approves {reference.name}", nearest_why=why)


def _rank(verdict: Verdict) -> int:
    """What counts where several entries speak of an image: the first that approves it, else the most helpful."""
    if verdict.state == "approved":
        return 0
    if verdict.state == "undecided":
        return 1
    return 2 if verdict.substitute else 3


def _by_entry(reference: ImageReference, entry: ApprovedImage, today: date, facts: ImageFacts | None) -> Verdict | None:
    """What one entry says; None if it does not speak of this repository."""
    expired = entry.expires is not None and entry.expires < today
    if not expired and entry.replacement and _same(reference, entry.replacement):
        return _held(entry, facts, today, "it is the replacement that the list names")
    at_mirror = bool(entry.mirror) and matches_repository(
        mirror_pattern(entry.repository, entry.mirror), reference.name
    )
    if not at_mirror and not matches_repository(entry.repository, reference.name):
        return None
    why = _refusal(reference, entry, expired=expired, at_mirror=at_mirror)
    if why:
        substitute = "" if at_mirror or expired else _substitute(reference, entry)
        return Verdict("refused", None, entry, why, substitute, why)
    return _held(entry, facts, today, f"approved by {entry.repository}")


def _held(entry: ApprovedImage, facts: ImageFacts | None, today: date, because: str) -> Verdict:
    """The verdict of an entry that matches by name: what it asks of the image itself decides."""
    missed = tuple(unmet(entry, facts, today))
    if not missed:
        return Verdict("approved", entry, None, because)
    broken = [one for one in missed if not one.unknown]
    why = "; ".join(one.why for one in broken or missed)
    return Verdict("refused" if broken else "undecided", None, entry, why, nearest_why=why)


def _refusal(reference: ImageReference, entry: ApprovedImage, *, expired: bool, at_mirror: bool) -> str:
    if expired:
        return f"the approval of {entry.repository} expired on {entry.expires}"
    if entry.mirror and not at_mirror:
        return f"{reference.name} is to be pulled from {entry.mirror}"
    if entry.replacement and not entry.tags:
        return f"{entry.replacement} is to be used instead"
    if entry.tags and not _tag_matches(reference, entry):
        written = reference.tag or ("none" if reference.digest is None else "none, only a digest")
        return f"approved tags are {', '.join(entry.tags)}, not {written}"
    if entry.digest_required and reference.digest is None:
        return f"{entry.repository} is approved with a digest only"
    return ""


def _tag_matches(reference: ImageReference, entry: ApprovedImage) -> bool:
    """A digest without a tag has none that could match; neither tag nor digest is `latest`."""
    tag = reference.tag or ("latest" if reference.digest is None else "")
    return any(matches_tag(pattern, tag) for pattern in entry.tags)


def _same(reference: ImageReference, text: str) -> bool:
    """Whether a reference is what a text names; a digest that the text leaves open may be added."""
    wanted = parse(text)
    if not isinstance(wanted, ImageReference) or wanted[:3] != reference[:3]:
        return False
    return wanted.digest in {None, reference.digest}


def _substitute(reference: ImageReference, entry: ApprovedImage) -> str:
    if entry.replacement:
        return entry.replacement
    name = mirrored(entry.repository, entry.mirror, reference.name) if entry.mirror else ""
    return reference.normalized.replace(reference.name, name, 1) if name else ""


def _nearest(reference: ImageReference, approved: Sequence[ApprovedImage]) -> ApprovedImage | None:
    """The entry that shares most with the name, if there is one that shares anything."""
    scored = [(likeness(entry.repository, reference.name), entry) for entry in approved]
    best = max((score for score, _ in scored), default=(0, 0))
    return next(entry for score, entry in scored if score == best) if best > (0, 0) else None
