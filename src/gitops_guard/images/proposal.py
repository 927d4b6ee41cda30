"""An approved list to start from: what a repository uses today."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from gitops_guard.report import ImageRow
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.syntax.tag_pattern import TagVersion, tag_version

_REVIEW_DAYS = 365
_SERIES = 2


def approved_list(rows: Iterable[ImageRow], today: date) -> str:
    """The list as YAML for `.gitops-guard.yaml`: an entry for each repository, its tags as series of versions.

    Every image that is used is approved by it, what is not resolved is named in a comment, and each entry expires in a
    year, so that somebody looks at it again.
    """
    names: dict[str, dict[str, None]] = {}
    unresolved: dict[str, None] = {}
    for row in rows:
        for one in row.places:
            if isinstance(one.reference, ImageReference):
                tags = names.setdefault(one.reference.name, {})
                tags |= dict.fromkeys(_pattern(one.reference))
            else:
                unresolved[f"{one.place.path}:{one.place.start.line} {one.text}: {one.reference.reason}"] = None
    expires = today + timedelta(days=_REVIEW_DAYS)
    lines = [line for name in sorted(names) for line in _entry(name, list(names[name]), expires)]
    lines += (f"# not resolved: {_comment(text)}" for text in unresolved)
    return "\n".join(("approved_images:" if names else "approved_images: []", *lines)) + "\n"


def _entry(name: str, tags: list[str], expires: date) -> Iterator[str]:
    yield f"  - repository: {name}"
    if tags:
        quoted = ", ".join(f'"{tag}"' for tag in sorted(tags))
        yield f"    tags: [{quoted}]"
    yield '    owner: ""  # who answers for it'
    yield f"    expires: {expires}"


def _pattern(reference: ImageReference) -> Iterator[str]:
    """The series of a tag, or the tag itself; a digest alone needs no tag."""
    if reference.tag is None:
        if reference.digest is None:
            yield "latest"
        return
    version = tag_version(reference.tag)
    if version is None or len(version.numbers) <= _SERIES or version.is_pre_release:
        yield reference.tag
    else:
        yield _series(version)


def _series(version: TagVersion) -> str:
    numbers = ".".join(map(str, version.numbers[:_SERIES]))
    return f"{version.prefix}{numbers}.*" + (f"-{version.variant}" if version.variant else "")


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
