"""Values of rendered objects as texts to show: one line, cut, with secrets masked."""

import json

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.secret_values import credentials, is_reference, secret_kind, url_password
from gitops_guard.publishers.likely_secret import likely_secrets
from gitops_guard.rendering.object_changes import Missing, Side
from gitops_guard.syntax.field import KeyPath
from gitops_guard.syntax.nodes import Data
from gitops_guard.text import LineIndex

SECRET = "(secret, not shown)"  # noqa: S105 - what is shown instead of one
_SHOWN_OF_SECRET = frozenset(("name", "namespace", "labels", "type", "kind", "apiVersion", "immutable"))
_LONGEST = 160
_MOST_LINES = 2000


def shown(obj: KubernetesObject, path: KeyPath, value: Side, name: str = "") -> str | None:
    """A value as text with secrets masked; None for nothing.

    Args:
        obj: the object.
        path: of the value in it.
        value: what stands there.
        name: what names the value besides its key: that of an environment variable.
    """
    if isinstance(value, Missing):
        return None
    if obj.kind == "Secret" and _is_hidden(path):
        return SECRET
    masked = _masked(value, name or str(path[-1] if path else ""))
    return masked if isinstance(masked, str) else json.dumps(masked, ensure_ascii=False)


def narrowed(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Two texts on one line each, cut; long ones begin with the first line that differs."""
    if before is not None and after is not None and max(len(before), len(after)) > _LONGEST:
        length = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
        start = before.rfind("\n", 0, length) + 1
        if start:
            before, after = f"…{before[start:]}", f"…{after[start:]}"
    return _one_line(before), _one_line(after)


def _one_line(text: str | None) -> str | None:
    if text is None:
        return None
    text = text.replace("\r", "").replace("\n", "⏎")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _is_hidden(path: KeyPath) -> bool:
    return not path or (path[0] != "metadata" and path[0] not in _SHOWN_OF_SECRET) or "annotations" in path


def _masked(value: Data, name: str) -> Data:
    if isinstance(value, dict):
        named = value.get("name")
        inner = {key: str(named) if key == "value" and isinstance(named, str) else key for key in value}
        return {key: _masked(one, inner[key]) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, name) for one in value]
    if isinstance(value, str):
        return _masked_text(value, name)
    return SECRET if value is not None and secret_kind(name, str(value)) else value


def _masked_text(text: str, name: str) -> str:
    is_single = "\n" not in text
    if is_single and (secret_kind(name, text) or url_password(text) or next(credentials(text), None)):
        return SECRET
    if is_single and (("=" not in text and ":" not in text) or is_reference(text)):
        return text
    lines = LineIndex(text)
    if len(lines) > _MOST_LINES:
        return SECRET
    pieces: list[str] = []
    done = 0
    for start, end in sorted(likely_secrets(text, lines, 1, len(lines))):
        if start >= done:
            pieces += (text[done:start], "***")
            done = end
    return "".join((*pieces, text[done:]))
