"""What is known of images in a file that is checked in: with it, a run without a network decides the same."""

import json
from datetime import datetime

from gitops_guard.errors import ConfigurationError
from gitops_guard.facts.image import ImageFacts
from gitops_guard.facts.known import KnownImages
from gitops_guard.gathering.typed_json import WrongTypeError, from_json, to_json

VERSION = "1"
_LIMIT = 64 * 1024 * 1024


def render(known: KnownImages, now: datetime) -> str:
    """The snapshot as JSON, a line for each image, so that a comparison of two shows which images changed."""
    rows = (f"  {json.dumps(facts.reference)}: {_row(facts)}" for facts in known.all())
    head = f'{{"schema_version": "{VERSION}", "taken_at": "{now.isoformat(timespec="seconds")}", "images": {{\n'
    return head + ",\n".join(rows) + "\n}}\n"


def _row(facts: ImageFacts) -> str:
    return json.dumps(to_json(facts), ensure_ascii=False, sort_keys=True)


def read(text: str, path: str) -> KnownImages:
    """What a snapshot holds.

    Raises:
        ConfigurationError: it is no snapshot of this version.
    """
    hint = "write it anew: gitops-guard images --snapshot"
    if len(text) > _LIMIT:
        raise ConfigurationError("the snapshot is larger than 64 MiB", path=path, hint=hint)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationError("the snapshot is no JSON", path=path, hint=hint) from None
    images = value.get("images") if isinstance(value, dict) else None
    if not isinstance(images, dict) or value.get("schema_version") != VERSION:
        raise ConfigurationError(f"this is no snapshot of version {VERSION}", path=path, hint=hint)
    try:
        facts = {str(name): from_json(ImageFacts, one, str(name)) for name, one in images.items()}
    except WrongTypeError as error:
        raise ConfigurationError(f"the snapshot is damaged: {error}", path=path, hint=hint) from None
    return KnownImages(facts, asked=True)
