"""The substitution of variables that Flux does in the result of a Kustomization (`postBuild`).

As kustomize-controller does it with fluxcd/pkg/envsubst: only `${NAME}` with or without a default is replaced, a second
dollar before it keeps it as it is, what is not set becomes empty, and an object may opt out by label or annotation.
"""

import re
from collections.abc import Mapping

from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import parse

_VARIABLE = re.compile(r"\$(\$?)\{([^{}]*)\}")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-=])(.*))?\Z", re.DOTALL)
_OPT_OUT = "kustomize.toolkit.fluxcd.io/substitute"


class UnknownFunctionError(Exception):
    """A text uses a function of the substitution that is not done here; the argument is its text."""


def substitute(text: str, variables: Mapping[str, str], *, keep_unknown: bool) -> str:
    """The documents of a text with their variables replaced.

    Args:
        text: documents as Kustomize prints them, parted by lines of `---`.
        variables: what is known.
        keep_unknown: leave a variable as it is written if its value may come from where nobody can look.

    Raises:
        UnknownFunctionError: more than a name and a default is written.
    """
    if "${" not in text:
        return text
    return "---\n".join(
        part if _opts_out(part) else _replaced(part, variables, keep_unknown=keep_unknown)
        for part in re.split(r"(?m)^---\n", text)
    )


def _opts_out(part: str) -> bool:
    if _OPT_OUT not in part:
        return False
    metadata = [Field(None, "", document.root)["metadata"] for document in parse(part).documents]
    return any(field[place][_OPT_OUT].text == "disabled" for field in metadata for place in ("labels", "annotations"))


def _replaced(text: str, variables: Mapping[str, str], *, keep_unknown: bool) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1]:
            return found[0][1:]
        parsed = _NAME.match(found[2])
        if parsed is None:
            raise UnknownFunctionError(found[0])
        name, sign, default = parsed.groups()
        known = variables.get(name)
        if known is None:
            return found[0] if keep_unknown else default or ""
        return default if not known and sign and sign.startswith(":") else known

    return _VARIABLE.sub(value, text)
