"""Reads what the configuration says of rendering."""

from typing import get_args

from gitops_guard.configuration.values import ValueReader
from gitops_guard.render_settings import Mode, RenderSettings
from gitops_guard.syntax.field import Field

_RENDER = ("mode", "helm_cache", "api_versions", "include", "exclude", "seconds", "total_seconds")
_LONGEST, _LONGEST_RUN = 600, 3600


def render_settings(reader: ValueReader, field: Field) -> RenderSettings:
    """The settings; what is not written has its default."""
    reader.keys(field, _RENDER)
    default = RenderSettings()
    mode = field["mode"]
    return RenderSettings(
        mode=reader.word(mode, get_args(Mode), "mode") if mode.exists else default.mode,  # type: ignore[arg-type]
        helm_cache=reader.text(field["helm_cache"]).rstrip("/"),
        api_versions=reader.texts(field["api_versions"]),
        include=reader.texts(field["include"]),
        exclude=reader.texts(field["exclude"]),
        seconds=_seconds(reader, field["seconds"], default.seconds, _LONGEST),
        total_seconds=_seconds(reader, field["total_seconds"], default.total_seconds, _LONGEST_RUN),
    )


def _seconds(reader: ValueReader, field: Field, default: int, most: int) -> int:
    found = reader.count(field)
    if found is not None and not 1 <= found <= most:
        reader.fail(field, f"{field.key} must be from 1 to {most}")
    return default if found is None else found
