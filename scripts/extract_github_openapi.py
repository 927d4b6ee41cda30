"""Writes the part of GitHub's OpenAPI description that the stand-in of the tests validates against.

    python scripts/extract_github_openapi.py            fetches the pinned package with npm and writes the extract
    python scripts/extract_github_openapi.py --check    says with exit code 1 that the extract is not what it should be

Source: npm `@octokit/openapi`, MIT, whose text is kept beside the extract.
"""

import gzip
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

PACKAGE = "@octokit/openapi"
VERSION = "23.0.2"
DESCRIPTION = "package/generated/api.github.com.json"
TARGET = Path(__file__).parents[1] / "tests" / "github_standin"
REPOSITORY = "/repos/{owner}/{repo}"
OPERATIONS = {
    "/user": ("get",),
    "/orgs/{org}/repos": ("get",),
    REPOSITORY: ("get",),
    REPOSITORY + "/actions/runs/{run_id}": ("get",),
    REPOSITORY + "/actions/runs/{run_id}/artifacts": ("get",),
    REPOSITORY + "/branches/{branch}": ("get",),
    REPOSITORY + "/check-runs": ("post",),
    REPOSITORY + "/check-runs/{check_run_id}": ("get", "patch"),
    REPOSITORY + "/code-scanning/sarifs": ("post",),
    REPOSITORY + "/code-scanning/sarifs/{sarif_id}": ("get",),
    REPOSITORY + "/collaborators/{username}/permission": ("get",),
    REPOSITORY + "/commits/{ref}/check-runs": ("get",),
    REPOSITORY + "/compare/{basehead}": ("get",),
    REPOSITORY + "/git/commits": ("post",),
    REPOSITORY + "/git/commits/{commit_sha}": ("get",),
    REPOSITORY + "/git/ref/{ref}": ("get",),
    REPOSITORY + "/git/matching-refs/{ref}": ("get",),
    REPOSITORY + "/git/refs": ("post",),
    REPOSITORY + "/git/refs/{ref}": ("patch", "delete"),
    REPOSITORY + "/issues": ("get", "post"),
    REPOSITORY + "/issues/comments/{comment_id}": ("get", "patch", "delete"),
    REPOSITORY + "/issues/comments/{comment_id}/reactions": ("get", "post"),
    REPOSITORY + "/issues/{issue_number}": ("get", "patch"),
    REPOSITORY + "/issues/{issue_number}/assignees": ("post",),
    REPOSITORY + "/issues/{issue_number}/comments": ("get", "post"),
    REPOSITORY + "/issues/{issue_number}/labels": ("get", "post"),
    REPOSITORY + "/pulls": ("get", "post"),
    REPOSITORY + "/pulls/comments/{comment_id}": ("get", "patch", "delete"),
    REPOSITORY + "/pulls/{pull_number}": ("get", "patch"),
    REPOSITORY + "/pulls/{pull_number}/comments": ("get", "post"),
    REPOSITORY + "/pulls/{pull_number}/comments/{comment_id}/replies": ("post",),
    REPOSITORY + "/pulls/{pull_number}/commits": ("get",),
    REPOSITORY + "/pulls/{pull_number}/files": ("get",),
    REPOSITORY + "/pulls/{pull_number}/requested_reviewers": ("post",),
    REPOSITORY + "/pulls/{pull_number}/reviews": ("get", "post"),
}
PROSE = ("description", "example", "examples", "externalDocs", "summary", "tags", "title", "x-github", "x-octokit")


class Package:
    """What the published package holds."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            command = ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"]
            name = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.split()[-1]
            with tarfile.open(Path(folder) / name) as archive:
                self.description: dict[str, Any] = json.loads(_member(archive, DESCRIPTION))
                self.license = _member(archive, "package/LICENSE").decode()


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise FileNotFoundError(name)
    return file.read()


def extract(description: dict[str, Any]) -> dict[str, Any]:
    """The operations above and the components that they need, without prose."""
    paths = {
        path: {method: _plain(description["paths"][path][method]) for method in methods}
        for path, methods in OPERATIONS.items()
    }
    components: dict[str, dict[str, Any]] = {}
    waiting = _references(paths)
    while waiting:
        kind, name = waiting.pop().removeprefix("#/components/").split("/")
        if name in components.setdefault(kind, {}):
            continue
        components[kind][name] = _plain(description["components"][kind][name])
        waiting += _references(components[kind][name])
    return {"package": f"{PACKAGE}@{VERSION}", "paths": paths, "components": components}


def _plain(node: Any, *, names: bool = False) -> Any:  # noqa: ANN401 - JSON
    # Below `properties` a key is a name of the data: `description` is a field there.
    if isinstance(node, dict):
        return {
            key: _plain(value, names=key == "properties" and not names)
            for key, value in node.items()
            if names or key not in PROSE
        }
    return [_plain(value) for value in node] if isinstance(node, list) else node


def _references(node: Any) -> list[str]:  # noqa: ANN401 - JSON
    if isinstance(node, list):
        return [found for value in node for found in _references(value)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    # A discriminator only names what `oneOf` refers to.
    return own + [found for key, value in node.items() if key != "discriminator" for found in _references(value)]


def main() -> int:
    """Writes the extract and the licence, or compares them."""
    package = Package()
    document = extract(package.description)
    target, licence = TARGET / "openapi.json.gz", TARGET / "openapi.LICENSE"
    if "--check" in sys.argv:
        # Compressed bytes depend on the zlib at hand; the document does not.
        same = json.loads(gzip.decompress(target.read_bytes())) == document and licence.read_text() == package.license
        return 0 if same else 1
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    target.write_bytes(gzip.compress(text.encode(), mtime=0))
    licence.write_text(package.license)
    return 0


if __name__ == "__main__":
    sys.exit(main())
