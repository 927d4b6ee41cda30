"""What earlier runs learned, kept by digest in a folder: what never changes for ever, what changes for a while.

Nothing secret is kept: the facts hold no environment of an image and no credential. A damaged or foreign file is as
good as none.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar

from gitops_guard.facts.image import ImageConfig, ImageFacts
from gitops_guard.gathering.typed_json import WrongTypeError, from_json, to_json

T = TypeVar("T")

FRESH = timedelta(hours=1)
"""How long what a tag names, a scan and a signature are taken from an earlier run."""


class Content(NamedTuple):
    """What a digest stands for; it can't change."""

    is_index: bool
    platform_digest: str
    platforms: tuple[str, ...] = ()
    created: datetime | None = None
    base_name: str = ""
    base_digest: str = ""
    config: ImageConfig | None = None


class Memory:
    """Keeps facts in a folder.

    Args:
        folder: where; None keeps nothing.
        now: the moment of the run.
        situation: everything besides the image that decides what its facts are (policy, sources, signers).
    """

    def __init__(self, folder: Path | None, now: datetime, situation: str) -> None:
        self._folder = folder
        self._now = now
        self._situation = situation

    def content(self, digest: str, platform: str) -> Content | None:
        """What a digest stands for, for a platform."""
        return self._load(Content, f"content {digest} {platform}")

    def keep_content(self, digest: str, platform: str, content: Content) -> None:
        """Keeps it for ever."""
        self._save(f"content {digest} {platform}", content)

    def facts(self, reference: str) -> ImageFacts | None:
        """The facts of an image, if an earlier run learned all of them not long ago."""
        found = self._load(ImageFacts, f"facts {reference} {self._situation}")
        if found is None or found.observed_at is None:
            return None
        age = self._now - found.observed_at
        return found if timedelta(0) <= age <= FRESH else None

    def keep_facts(self, facts: ImageFacts) -> None:
        """Keeps facts that are complete: what could not be looked at is asked again."""
        if not facts.unknown:
            self._save(f"facts {facts.reference} {self._situation}", facts)

    def _path(self, name: str) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()}.json"

    def _load(self, kind: type[T], name: str) -> T | None:
        path = self._path(name)
        if path is None:
            return None
        try:
            kept = json.loads(path.read_bytes())
            return from_json(kind, kept["value"]) if kept["name"] == name else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError, WrongTypeError):
            return None

    def _save(self, name: str, value: object) -> None:
        path = self._path(name)
        if path is None:
            return
        text = json.dumps({"name": name, "value": to_json(value)})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).replace(path)
        except OSError:
            self._folder = None  # a folder that can't be written to keeps nothing, and is not tried again


def folder(environment: Mapping[str, str]) -> Path | None:
    """Where facts are kept: `$XDG_CACHE_HOME/gitops-guard/images`, else below `~/.cache`; None without a home."""
    base = environment.get("XDG_CACHE_HOME", "")
    if not base:
        home = environment.get("HOME", "")
        if not home:
            return None
        base = f"{home}/.cache"
    return Path(base) / "gitops-guard" / "images"
