"""Finds and renders the Jinja2 templates."""

import os
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def render_template(name: str, **values: object) -> str:
    """A template with values. HTML is escaped by itself; any name that is not given is an error."""
    return _environment(escape=name.endswith((".html.j2", ".htm.j2"))).get_template(name).render(**values)


def template_text(name: str) -> str:
    """The text of a file that stands beside the templates: a style sheet, a script."""
    with open(os.path.join(folder(), name), encoding="utf-8") as file:  # noqa: PTH118, PTH123 - pathlib costs start-up
        return file.read()


def example_workflow(name: str) -> str:
    """The text of an example workflow."""
    places = (os.path.join(_package(), "workflows"), os.path.join(_top(), "examples", "workflows"))  # noqa: PTH118
    with open(os.path.join(_first_with(name, places), name), encoding="utf-8") as file:  # noqa: PTH118, PTH123
        return file.read()


@cache
def folder() -> str:
    """The folder of the templates: in the installed package, or at the top of the repository in an editable install.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    places = (os.path.join(place, "templates") for place in (_package(), _top()))  # noqa: PTH118
    return _first_with("report.html.j2", places)


def _first_with(name: str, places: Iterable[str]) -> str:
    for place in places:
        if os.path.isfile(os.path.join(place, name)):  # noqa: PTH113, PTH118
            return place
    raise FileNotFoundError("files of gitops-guard are missing: install it again")


def _package() -> str:
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120


def _top() -> str:
    return os.path.dirname(os.path.dirname(_package()))  # noqa: PTH120


@cache
def _environment(*, escape: bool) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - costs start-up time

    return Environment(
        loader=FileSystemLoader(folder()),
        autoescape=escape,  # noqa: S701 - for HTML it is on; Markdown has escapes of its own
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
