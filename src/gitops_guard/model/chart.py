"""What a chart says of itself."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from gitops_guard.model import helm_tag
from gitops_guard.syntax.field import Field

_PREFIXED = r"""(?:printf?\s+"v(?:%s)?"\s+|:v\{\{-?\s*)\$?\.(?:\w+\.)?Chart\.AppVersion"""


class Chart(NamedTuple):
    """What a `Chart.yaml` says of its values.

    `app_version` is the tag of images without one; `dependencies` are the keys under which the values are those of
    other charts.
    """

    app_version: str = ""
    dependencies: frozenset[str] = frozenset()


def chart_of(root: Field) -> Chart:
    """Reads a `Chart.yaml`, or the `requirements.yaml` of an old chart for its dependencies alone."""
    names = (item["alias"].string or item["name"].string for item in root["dependencies"].items())
    return Chart(helm_tag.app_version(root["appVersion"]), frozenset(name for name in names if name))


def default_tag(app_version: str, templates: Iterable[str]) -> str:
    """The tag that a chart's templates make of its `appVersion`: a good tenth of all charts put a `v` before it.

    Args:
        app_version: as `chart_of` gives it.
        templates: the texts of the chart's templates, or of those that are at hand.
    """
    if app_version and any(re.search(_PREFIXED, text) for text in templates):
        return f"v{app_version}"
    return app_version
