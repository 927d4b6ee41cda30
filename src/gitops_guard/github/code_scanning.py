"""Uploads SARIF to code scanning.

Sources: GitHub's documentation, "SARIF support for code scanning", for the limits; OpenAPI `code-scanning/sarifs`.
"""

import base64
import gzip
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from gitops_guard.errors import PublishError
from gitops_guard.github.transport import Transport

SIZE_LIMIT = 10 * 1024 * 1024
"""Bytes of the compressed file."""

SHOWN = 5_000
"""Results of a run that are shown; more than 25,000 are refused."""

_POLLS = 8


class Upload(NamedTuple):
    """What became of an upload: `complete`, `pending` (still read by GitHub), `failed`, or `refused`; and why."""

    state: str
    detail: str = ""


def compressed(text: str) -> str:
    """The form in which SARIF is sent: gzip, then base64."""
    return base64.b64encode(gzip.compress(text.encode("utf-8", "backslashreplace"), mtime=0)).decode()


def fits(packed: str) -> bool:
    """Whether a compressed file is within the limit."""
    return len(packed) * 3 // 4 <= SIZE_LIMIT


def upload(  # noqa: PLR0913, PLR0917 - where, what of, and what
    transport: Transport,
    repository: str,
    commit: str,
    ref: str,
    packed: str,
    sleep: Callable[[float], None] = time.sleep,
) -> Upload:
    """Uploads a file and waits until GitHub has read it, or for some time.

    A refusal is a value: code scanning may be off for a repository, which is no fault of the sweep.
    """
    address = f"/repos/{repository}/code-scanning/sarifs"
    body = {"commit_sha": commit, "ref": ref, "sarif": packed, "tool_name": "gitops-guard"}
    try:
        # The same file twice has the effect of one.
        made = transport.call("POST", address, body, written=lambda: False)
    except PublishError as error:
        return Upload("refused", error.message)
    identity = made.get("id") if isinstance(made, dict) else None
    if not isinstance(identity, str):
        return Upload("failed", "GitHub's answer names no upload")
    pause = 1.0
    for _ in range(_POLLS):
        found = _status(transport, f"{address}/{quote(identity, safe='')}")
        if found is not None and found.state != "pending":
            return found
        sleep(pause)
        pause = min(pause * 2, 15)
    return Upload("pending", f"GitHub still reads upload {identity}")


def _status(transport: Transport, address: str) -> Upload | None:
    """None where GitHub does not know the upload yet."""
    try:
        value: Any = transport.call("GET", address)
    except PublishError:
        return None
    if not isinstance(value, dict):
        return None
    errors = value.get("errors")
    detail = "; ".join(str(error)[:300] for error in errors[:5]) if isinstance(errors, list) else ""
    state = str(value.get("processing_status") or "pending")
    return Upload(state if state in {"pending", "complete", "failed"} else "pending", detail)
