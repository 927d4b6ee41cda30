"""Writes tests/github_double/openapi.json.gz: the part of GitHub's OpenAPI description that the product uses.

The description is the npm package @octokit/openapi (MIT, its license is written beside the extract). Run it after an
update of the version below:  python scripts/extract_openapi.py
"""

import gzip
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VERSION = "23.0.2"
TARGET = Path(__file__).parent.parent / "tests/github_double"
PULL = "/repos/{owner}/{repo}/pulls/{pull_number}"
OPERATIONS = (
    ("/user", "get"),
    (PULL, "get"),
    (PULL + "/reviews", "get"),
    (PULL + "/reviews", "post"),
    (PULL + "/comments", "get"),
    (PULL + "/comments", "post"),
    ("/repos/{owner}/{repo}/pulls/comments/{comment_id}", "patch"),
    ("/repos/{owner}/{repo}/pulls/comments/{comment_id}", "delete"),
    ("/repos/{owner}/{repo}/issues/{issue_number}/comments", "get"),
    ("/repos/{owner}/{repo}/issues/{issue_number}/comments", "post"),
    ("/repos/{owner}/{repo}/issues/comments/{comment_id}", "patch"),
)
NOISE = frozenset(("description", "example", "examples", "externalDocs", "x-github", "summary", "tags", "title"))


def extract(description: dict[str, Any]) -> dict[str, Any]:
    """The operations above, and every component that they refer to."""
    found: dict[str, Any] = {"openapi": description["openapi"], "info": {"version": VERSION}, "paths": {}}
    for path, verb in OPERATIONS:
        operation = _without_noise(description["paths"][path][verb])
        found["paths"].setdefault(path, {})[verb] = operation
    components: dict[str, dict[str, Any]] = {}
    waiting = list(_references(found["paths"]))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            value = _without_noise(description["components"][kind][name])
            components[kind][name] = value
            waiting += _references(value)
    found["components"] = components
    return found


def _without_noise(value: Any, *, names: bool = False) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        kept = (item for item in value.items() if names or item[0] not in NOISE)
        return {key: _without_noise(inner, names=key == "properties" and not names) for key, inner in kept}
    return [_without_noise(inner) for inner in value] if isinstance(value, list) else value


def _references(value: Any) -> list[str]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for inner in value.values() for ref in _references(inner)]
    return [ref for inner in value for ref in _references(inner)] if isinstance(value, list) else []


def packed() -> tuple[dict[str, Any], str]:
    """The description and the license of the npm package."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"@octokit/openapi@{VERSION}"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            return json.loads(_member(archive, "generated/api.github.com.json")), _member(archive, "LICENSE")


def _member(archive: tarfile.TarFile, name: str) -> str:
    file = archive.extractfile(f"package/{name}")
    if file is None:
        raise FileNotFoundError(name)
    return file.read().decode()


def main() -> None:
    """Writes the extract and the license."""
    description, text = packed()
    raw = json.dumps(extract(description), separators=(",", ":"), sort_keys=True).encode()
    (TARGET / "openapi.json.gz").write_bytes(gzip.compress(raw, mtime=0))
    (TARGET / "LICENSE-octokit-openapi.txt").write_text(text)


if __name__ == "__main__":
    main()
