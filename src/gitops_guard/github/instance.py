"""Which of several jobs this is that look at the same commit."""

import re
from collections.abc import Mapping

_MOST = 200


def instance_key(environment: Mapping[str, str], comment_key: str = "") -> str:
    """The workflow, the job, and what tells the jobs of a matrix apart, which only the workflow's author can say.

    A line of at most 200 characters; empty outside a workflow and without a key.
    """
    parts = (environment.get("GITHUB_WORKFLOW", ""), environment.get("GITHUB_JOB", ""), comment_key)
    return ":".join(re.sub(r"[^A-Za-z0-9._/-]", "~", part) for part in parts)[:_MOST].strip(":")
