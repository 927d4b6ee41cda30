"""Joins the reports on variants of a cluster: overlays of one base, which are deployed to different clusters."""

import json
from collections.abc import Sequence

from gitops_guard.publishers.escape import markdown_code, printable_unicode, valid_json

Told = tuple[tuple[str, ...], str]
"""The names of the rendered roots of a variant, and the report on it."""


def joined(reports: Sequence[Told], format_name: str) -> str:
    """One report; that on a single variant is left as it is.

    In JSON the first report holds the others as `variants`, and all say their `roots`.
    """
    if len(reports) == 1:
        return reports[0][1]
    if format_name == "json":
        values = [{**json.loads(text), "roots": list(names)} for names, text in reports]
        first = values[0] | {"variants": [_without_coverage(one) for one in values[1:]]}
        return valid_json(json.dumps(first, ensure_ascii=False, indent=1)) + "\n"
    heading = {"markdown": _markdown, "dot": _dot}.get(format_name, _console)
    return "\n".join(f"{heading(names)}\n{text}" for names, text in reports)


def _without_coverage(report: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in report.items() if key not in {"coverage", "schema_version"}}


def _title(names: tuple[str, ...]) -> str:
    return printable_unicode(", ".join(names) or "files that are applied as they are")


def _console(names: tuple[str, ...]) -> str:
    return f"== {_title(names)}\n"


def _markdown(names: tuple[str, ...]) -> str:
    shown = ", ".join(markdown_code(name) for name in names)
    return f"# {shown or 'Files that are applied as they are'}\n"


def _dot(names: tuple[str, ...]) -> str:
    return f"// {_title(names)}"
