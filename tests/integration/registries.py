"""Real registries on free ports of this machine, and images for them.

    with debian_registry(tmp_path) as host:
        push(tiny_image(tmp_path / "image"), host, "team/tiny", "1.0")

Debian's docker-registry, skopeo, umoci and htpasswd are found on the PATH; distribution v3 and the registry with native
referrers by GG_DISTRIBUTION_REGISTRY and GG_REFERRERS_REGISTRY, or on the PATH too.
"""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from gitops_guard.oci.credentials import Credentials
from gitops_guard.oci.hosts import Hosts
from gitops_guard.oci.registry import Registry
from gitops_guard.settings import RegistrySetting
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.web.client import Budget, Web

CREATED = "2025-01-02T03:04:05Z"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_READY_SECONDS = 15.0


class Asking(NamedTuple):
    """A client of ours, and the requests that it counts."""

    registry: Registry
    web: Web


def asking(
    *hosts: str, environment: Mapping[str, str] | None = None, seconds: float = 30.0, retries: int = 0
) -> Asking:
    """A client that may ask these hosts at loopback addresses over HTTP, with the credentials of an environment."""
    known = Hosts([RegistrySetting(host, private=True, plain_http=True) for host in hosts])
    web = Web(Budget(seconds), private=known.private, plain_http=known.plain_http, retries=retries)
    return Asking(Registry(web, known, Credentials(known, environment or {}, None)), web)


def require(*programs: str) -> None:
    """Skips the test where a Debian program is missing."""
    lacking = [program for program in programs if shutil.which(program) is None]
    if lacking:
        pytest.skip(f"not installed: {', '.join(lacking)}")


def go_built(variable: str, program: str) -> str:
    """The path of a program that is built with Go; skips the test where it is missing."""
    path = os.environ.get(variable) or shutil.which(program)
    if not path:
        pytest.skip(f"no oracle {program}: {variable} is not set")
    return path


@contextmanager
def debian_registry(folder: Path, auth: Mapping[str, object] | None = None) -> Iterator[str]:
    """Debian's docker-registry 2.8; gives its host and port.

    Args:
        folder: for its data.
        auth: the section `auth` of its configuration.
    """
    require("docker-registry")
    with _distribution("docker-registry", folder, auth or {}) as host:
        yield host


@contextmanager
def distribution_registry(folder: Path) -> Iterator[str]:
    """Distribution v3: pages of tags with Link headers, no referrers API."""
    with _distribution(go_built("GG_DISTRIBUTION_REGISTRY", "registry"), folder, {}) as host:
        yield host


@contextmanager
def referrers_registry() -> Iterator[str]:
    """A registry in memory, with the native referrers API."""
    program, port = go_built("GG_REFERRERS_REGISTRY", "referrers-registry"), free_port()
    with _running([program, str(port)], port) as host:
        yield host


@contextmanager
def _distribution(program: str, folder: Path, auth: Mapping[str, object]) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    configuration = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    } | ({"auth": auth} if auth else {})
    file = folder / "registry.yml"
    file.write_text(json.dumps(configuration))  # JSON is YAML
    with _running([program, "serve", str(file)], port) as host:
        yield host


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[str]:
    environment = os.environ | {"OTEL_TRACES_EXPORTER": "none"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        _wait(process, port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, "the registry ended at its start"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("the registry was not ready in time")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def tiny_image(
    folder: Path, *, created: str = CREATED, labels: Mapping[str, str] | None = None, architecture: str = "amd64"
) -> Path:
    """Makes an OCI layout with one small image `v1`, by umoci, whose manifests have no `mediaType`."""
    require("umoci", "skopeo")
    folder.mkdir(parents=True)
    layout, content = folder / "oci", folder / "hello"
    content.write_text(f"hello {architecture}\n")
    image = ["--image", f"{layout}:v1"]
    named = [part for key, value in (labels or {}).items() for part in ("--config.label", f"{key}={value}")]
    _run("umoci", "init", "--layout", str(layout))
    _run("umoci", "new", *image)
    _run("umoci", "insert", *image, str(content), "/hello")
    # Last, since each step sets the date of creation.
    _run("umoci", "config", *image, "--created", created, "--architecture", architecture, "--no-history", *named)
    return layout


def push(layout: Path, host: str, repository: str, tag: str, *, login: str = "") -> None:
    """Pushes the image `v1` of a layout, by skopeo; `login` is `USER:PASSWORD`."""
    credentials = ["--dest-creds", login] if login else ["--dest-no-creds"]
    source, destination = f"oci:{layout}:v1", f"docker://{host}/{repository}:{tag}"
    _run("skopeo", "copy", "--quiet", "--dest-tls-verify=false", *credentials, source, destination)


def put_manifest(host: str, repository: str, name: str, body: Mapping[str, object]) -> str:
    """Puts a manifest with a `mediaType` of its own, and gives its digest; an empty `name` is its digest."""
    raw = json.dumps(body).encode()
    digest = "sha256:" + hashlib.sha256(raw).hexdigest()
    url = f"http://{host}/v2/{repository}/manifests/{name or digest}"
    answer = requests.put(url, data=raw, headers={"Content-Type": str(body["mediaType"])}, timeout=10)
    assert answer.status_code == 201, answer.text
    return digest


def put_blob(host: str, repository: str, raw: bytes) -> dict[str, object]:
    """Puts a blob, and gives a descriptor of it without a media type."""
    digest = "sha256:" + hashlib.sha256(raw).hexdigest()
    begun = requests.post(f"http://{host}/v2/{repository}/blobs/uploads/", timeout=10)
    location = requests.compat.urljoin(begun.url, begun.headers["Location"])
    answer = requests.put(location, params={"digest": digest}, data=raw, timeout=10)
    assert answer.status_code == 201, answer.text
    return {"digest": digest, "size": len(raw)}


def reference(host: str, repository: str, tag: str | None = None, digest: str | None = None) -> ImageReference:
    """A reference to an image of a registry of this machine."""
    return ImageReference(host, repository, tag, digest)


def _run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
