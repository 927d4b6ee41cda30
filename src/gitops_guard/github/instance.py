"""Which instance of gitops-guard in a repository this is: two jobs must not overwrite each other's comments."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256

_VARIABLES = ("GITHUB_WORKFLOW", "GITHUB_JOB", "INPUT_MATRIX", "INPUT_COMMENT-KEY")
OVERRIDE = "GITOPS_GUARD_INSTANCE"
"""Names the instance outright: a job that speaks for another one, because a comment asked it to."""


def instance_key(environment: Mapping[str, str]) -> str:
    """Eight hexadecimal digits from workflow, job, leg of the matrix and the input `comment-key`.

    No variable tells the leg of a matrix; action.yml hands it over as the default of an input (actions/runner,
    action_yaml.json, `input-default-context`).
    """
    given = environment.get(OVERRIDE, "")
    if re.fullmatch(r"[0-9a-f]{8}", given):
        return given
    parts = [environment.get(name, "").strip() for name in _VARIABLES]
    # Outside a matrix the context is null or an empty object.
    parts[2] = "" if parts[2] in {"null", "{}"} else parts[2]
    return sha256(json.dumps(parts).encode("utf-8", "surrogateescape")).hexdigest()[:8]
