"""What to write in a source whose value is only a part of what is rendered: a tag in an image, a switch."""

from gitops_guard.editing.intent import Intent, SetValue
from gitops_guard.rendering.kustomize_transformers import split_image
from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.syntax.nodes import Data


def image_intents(path: KeyPath, entry: Data, image: str) -> list[Intent]:
    """What to set in an entry of `images:` so that an image is rendered so; `path` leads to a part of the entry."""
    at = path[:2]
    name, tag, digest = split_image(image)
    known = entry if isinstance(entry, dict) else {}
    intents: list[Intent] = []
    if name != known.get("newName", known.get("name")):
        intents.append(SetValue((*at, "newName"), name))
    if tag and tag != known.get("newTag") and (not digest or "newTag" in known):
        intents.append(SetValue((*at, "newTag"), tag))
    if digest and digest != known.get("digest"):
        intents.append(SetValue((*at, "digest"), digest))
    return intents or [SetValue((*at, "name"), known.get("name"))]


def value_intent(path: KeyPath, written: Data, rendered: Field, wanted: Data) -> Intent:
    """What to set for a value of a chart so that a field is rendered so.

    Args:
        path: of the value in its document.
        written: the value now.
        rendered: the field now.
        wanted: what the field should be.
    """
    if rendered.written is None and written is False:
        return SetValue(path, value=True)
    if isinstance(written, str) and isinstance(wanted, bool | int):
        return SetValue(path, str(wanted).lower())
    if not isinstance(wanted, str) or not rendered.text:
        return SetValue(path, wanted)
    part = _part(rendered.text, "" if written is None else str(written), wanted)
    return SetValue(path, part if part is not None else wanted)


def _part(rendered: str, written: str, wanted: str) -> str | None:
    """The part of a wanted text that stands for a value, which was a part of the rendered one."""
    at = rendered.rfind(written) if written else -1
    while at >= 0:
        head, tail = rendered[:at], rendered[at + len(written) :]
        if wanted.startswith(head) and wanted.endswith(tail) and len(wanted) >= len(head) + len(tail):
            return wanted[len(head) : len(wanted) - len(tail)]
        at = rendered.rfind(written, 0, at)
    _, tag, digest = split_image(wanted)
    if not written and tag:
        return f"{tag}@{digest}" if digest else tag
    return None
