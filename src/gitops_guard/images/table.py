"""The images of a repository, one row for each: where it is used, what was decided, what is known of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard.facts.known import KnownImages, key_of
from gitops_guard.images.builds import maker_of, makers
from gitops_guard.model.used_image import UsedImage
from gitops_guard.report import ImageRow
from gitops_guard.settings import ApprovedImage, Build, Settings
from gitops_guard.syntax.image_reference import ImageReference

if TYPE_CHECKING:
    from gitops_guard.facts.image import ImageFacts

_BUILT_ON = frozenset(("base", "copy-from", "mount-from", "onbuild"))


class Decisions(NamedTuple):
    """What rows are made with: the team's decisions, what is known, the day, and which Dockerfile makes which image."""

    settings: Settings
    known: KnownImages
    today: date
    builds: tuple[Build, ...] = ()


def rows(
    used: Iterable[UsedImage], decisions: Decisions, before: Iterable[UsedImage] | None = None
) -> tuple[ImageRow, ...]:
    """A row for each distinct image, new ones first, then in order of their names.

    Args:
        used: every place that names an image.
        decisions: what is decided, and by what.
        before: the places of the base of a comparison; None without one: then nothing is new.
    """
    was = None if before is None else {_name(one) for one in before}
    groups: dict[str, list[UsedImage]] = {}
    for one in used:
        groups.setdefault(_name(one), []).append(one)
    made = makers((*decisions.builds, *decisions.settings.builds))
    runs = _runs(groups.values(), made)
    found = [
        _row(group, decisions, made, runs, new=was is not None and name not in was) for name, group in groups.items()
    ]
    return tuple(sorted(found, key=lambda row: (not row.new, row.reference or row.text, row.text)))


def _name(one: UsedImage) -> str:
    return key_of(one.reference) if isinstance(one.reference, ImageReference) else f"? {one.text}"


def _runs(groups: Iterable[Collection[UsedImage]], made: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """What runs the image that a Dockerfile makes, by the Dockerfile."""
    found: dict[str, dict[str, None]] = {}
    for group in groups if made else ():
        for one in group:
            dockerfile = maker_of(one, made)
            if dockerfile and one.resource.kind:
                place = f"{one.resource.namespace}/{one.resource.name}".lstrip("/")
                found.setdefault(dockerfile, {})[f"{one.resource.kind} {place}"] = None
    return {dockerfile: tuple(names) for dockerfile, names in found.items()}


def _row(
    places: Sequence[UsedImage],
    decisions: Decisions,
    made: Mapping[str, str],
    runs: Mapping[str, tuple[str, ...]],
    *,
    new: bool,
) -> ImageRow:
    first = places[0]
    reference = first.reference
    carried = (name for one in places if one.role in _BUILT_ON for name in runs.get(one.place.path, ()))
    row = ImageRow("", first.text, tuple(places), new, runs_in=tuple(dict.fromkeys(carried)))
    if not isinstance(reference, ImageReference):
        return row._replace(verdict="undecided", why=reference.reason)
    row = row._replace(
        reference=key_of(reference),
        facts=decisions.known.of(reference),
        built_from=made.get(reference.name, ""),
    )
    return _decided(row, reference, decisions)


def _decided(row: ImageRow, reference: ImageReference, decisions: Decisions) -> ImageRow:
    approved = decisions.settings.approved_images
    if not approved:
        return row._replace(suggestion=_suggestion(reference, "", row.facts))
    from gitops_guard.images.approval import decide  # noqa: PLC0415 - only where there is a list

    verdict = decide(reference, approved, decisions.today, row.facts)
    return row._replace(
        verdict=verdict.state,
        why=verdict.why,
        entry=_entry(verdict.entry),
        nearest=_entry(verdict.nearest),
        nearest_why=verdict.nearest_why,
        suggestion=_suggestion(reference, verdict.substitute, row.facts),
    )


def _entry(entry: ApprovedImage | None) -> str:
    if entry is None:
        return ""
    return f"{entry.repository} (owner {entry.owner})" if entry.owner else entry.repository


def _suggestion(reference: ImageReference, substitute: str, facts: "ImageFacts | None") -> str:
    """The reference that a person would write instead; empty if there is nothing better."""
    if substitute or facts is None:
        return substitute
    if facts.upgrade is not None:
        return reference._replace(tag=facts.upgrade.tag, digest=facts.upgrade.digest or None).familiar
    if reference.digest is None and facts.tag_digest:
        return reference._replace(digest=facts.tag_digest).familiar
    return ""
