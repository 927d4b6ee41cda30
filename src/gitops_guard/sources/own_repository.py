"""Which repository a folder is a clone of."""

import os
import re

from gitops_guard.model.delivery import repository

_ORIGIN = r'(?ms)^\[remote "origin"\]\s*$(?:\s*^(?!\[)[^\n]*$)*?\s*^\s*url\s*=\s*(\S+)\s*$'
_MOST = 65536


def own_repository(root: str) -> str:
    """`host/owner/name` of the remote `origin`; empty where the folder is not the top of a clone, or has none."""
    try:
        with open(os.path.join(root, ".git", "config"), encoding="utf-8", errors="replace") as file:  # noqa: PTH118, PTH123
            found = re.search(_ORIGIN, file.read(_MOST))
    except OSError:
        return ""
    return repository(found[1]) if found else ""
