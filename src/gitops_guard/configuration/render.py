"""Reads what the configuration says of rendering."""

from typing import get_args

from gitops_guard.configuration.values import ValueReader
from gitops_guard.render_settings import Mode, RenderSettings
from gitops_guard.syntax.field import Field

_RENDER = ("mode", "helm_cache", "api_versions", "include", "exclude", "seconds")
_LONGEST = 600


def render_settings(reader: ValueReader, field: Field) -> RenderSettings:
    """The settings; what is not written has its default."""
    reader.keys(field, _RENDER)
    default = RenderSettings()
    mode, seconds = field["mode"], reader.count(field["seconds"])
    if seconds is not None and not 1 <= seconds <= _LONGEST:
        reader.fail(field["seconds"], f"seconds must be from 1 to {_LONGEST}")
    return RenderSettings(
        mode=reader.word(mode, get_args(Mode), "mode") if mode.exists else default.mode,  # type: ignore[arg-type]
        helm_cache=reader.text(field["helm_cache"]).rstrip("/"),
        api_versions=reader.texts(field["api_versions"]),
        include=reader.texts(field["include"]),
        exclude=reader.texts(field["exclude"]),
        seconds=default.seconds if seconds is None else seconds,
    )
