"""The configuration that `init` writes, to start from."""

from pathlib import Path

from gitops_guard.configuration import FILE_NAMES
from gitops_guard.errors import UsageError

TEXT = """# What this team has decided. `gitops-guard schema config` prints the schema of this file.
kubernetes_version: "1.36"
fail_level: high

# Images that may be used, on normalised names. An entry whose date has passed approves nothing.
# approved_images:
#   - repository: docker.io/library/python
#     tags: ["3.12.*-slim"]
#     owner: platform
#     expires: 2027-12-31

# Accepted problems. Without owner, reason and expires a waiver waives nothing.
# waivers:
#   - rule: GG-POD-013
#     paths: [apps/legacy/]
#     owner: platform
#     reason: writes its cache beside the program, to be changed in the next release
#     ticket: SEC-142
#     expires: 2027-06-30
"""


def write_configuration(folder: str) -> str:
    """Writes `.gitops-guard.yaml` and returns its name.

    Raises:
        UsageError: there is one already; it is left as it is.
    """
    for name in FILE_NAMES:
        if (Path(folder) / name).exists():
            raise UsageError("exists already", path=name, hint="edit it, or delete it first")
    path = Path(folder) / FILE_NAMES[0]
    path.write_text(TEXT, encoding="utf-8")
    return FILE_NAMES[0]
