"""The folder that a run without rights leaves for the one that posts."""

import os

from gitops_guard.errors import UsageError
from gitops_guard.patch_file import whole_patch
from gitops_guard.publishers import artifact
from gitops_guard.report import Report

PATCH = "gitops-guard.patch"


def hand_over(folder: str, report: Report, head_sha: str) -> None:
    """Writes the artifact, and for people the patch of all proved fixes.

    Raises:
        UsageError: the folder can't be written.
    """
    texts = {artifact.FILE: artifact.render(report, head_sha), PATCH: whole_patch(report).text}
    try:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - start-up without pathlib
        for name, text in texts.items():
            # A link in the change under review leads nowhere.
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            opened = os.open(os.path.join(folder, name), flags, 0o644)  # noqa: PTH118 - likewise
            with open(opened, "wb") as file:  # noqa: PTH123 - an open descriptor
                file.write(text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise UsageError(f"the artifact cannot be written: {error.strerror}", path=folder) from None
