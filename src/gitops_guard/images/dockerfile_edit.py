"""What to write so that a Dockerfile names another image, or the same one by its digest.

A name that is one build argument as a whole is changed in that argument's default. A name that is put together from
several (`python:${V}-slim`) is not changed: a digest behind it would stay when the argument moves.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitops_guard.editing.intent import EditText, Intent
from gitops_guard.images.reference_text import rewritten
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference
from gitops_guard.text import Edit

if TYPE_CHECKING:  # the parser of Dockerfiles is loaded by whoever has one
    from gitops_guard.syntax.dockerfile import ImageUse

Change = tuple[Intent, ...] | str
"""What to change, or why nothing exact can be; no intents where the place says it already."""

_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")


def with_digest(use: "ImageUse", digest: str, others: Sequence["ImageUse"] = ()) -> Change:
    """Names the same image by its digest (`sha256:...`) and keeps the tag; see `with_reference`."""
    target = use.target
    return with_reference(use, target._replace(digest=digest) if isinstance(target, ImageReference) else None, others)


def with_tag(use: "ImageUse", tag: str, digest: str | None = None, others: Sequence["ImageUse"] = ()) -> Change:
    """Names another tag of the same image; the digest of the former tag goes. See `with_reference`."""
    target = use.target
    new = target._replace(tag=tag, digest=digest) if isinstance(target, ImageReference) else None
    return with_reference(use, new, others)


def with_reference(use: "ImageUse", new: ImageReference | None, others: Sequence["ImageUse"] = ()) -> Change:
    """Names another image.

    Args:
        use: the place.
        new: what it shall name; None stands for what cannot be told, and is refused.
        others: all uses of the file: an argument whose default they need as well is not changed.
    """
    old = use.target
    if isinstance(old, InvalidReference):
        return old.reason
    if not isinstance(old, ImageReference) or new is None:
        return "it names no image but a stage of the build"
    if use.editable is None:
        return _why_not(use)
    if use.editable != use.span and any(_needs_default(other, use) for other in others):
        return f"another name is put together with the default of {_VARIABLE.findall(use.text)[0]}"
    text = rewritten(use.resolved, old, new)
    return () if text == use.resolved else (EditText((Edit(*use.editable, text),)),)


def _why_not(use: "ImageUse") -> str:
    names = _VARIABLE.findall(use.text)
    if not names:
        return "the name is not written in one piece"
    arguments = " and ".join(f"${name}" for name in dict.fromkeys(names))
    return f"the name is put together with {arguments}: a change here would be wrong when its value changes"


def _needs_default(other: "ImageUse", use: "ImageUse") -> bool:
    shared = set(_VARIABLE.findall(other.text)) & set(_VARIABLE.findall(use.text))
    return bool(shared) and other.editable != use.editable
