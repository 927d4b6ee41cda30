"""Measures what asking about images costs: requests for each image, and wall time beside the ideal.

    python benchmarks/registry_bench.py

A registry of this machine answers every request after 50 ms. 60 images of one platform are named in 200 places; facts
are gathered cold, and again from what the first run kept. Ideal is the time that as many requests take when as many are
under way at once as the program allows itself.
"""

import hashlib
import json
import multiprocessing
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection

from gitops_guard.gathering import gather as gathering
from gitops_guard.gathering.gather import WORKERS, Gathering, gather
from gitops_guard.settings import RegistrySetting, Settings
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.web.client import Web

LATENCY = 0.05
IMAGES, PLACES = 60, 200
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"


def _descriptor(raw: bytes, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": _digest(raw), "size": len(raw)}


def _digest(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _contents() -> dict[str, tuple[str, bytes]]:
    """What the registry holds by path: media type and bytes of each image's index, manifest and configuration."""
    found: dict[str, tuple[str, bytes]] = {}
    for number in range(IMAGES):
        repository = f"/v2/team/app-{number}"
        created = f"2026-10-{number % 28 + 1:02}T00:00:00Z"
        config = json.dumps(
            {"architecture": "amd64", "os": "linux", "created": created, "config": {"User": str(number)}}
        )
        kind = "application/vnd.oci.image.config.v1+json"
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": _MANIFEST, "config": _descriptor(config.encode(), kind), "layers": [],
        })  # fmt: skip
        platform = {"platform": {"os": "linux", "architecture": "amd64"}}
        index = json.dumps({
            "schemaVersion": 2,
            "mediaType": _INDEX,
            "manifests": [_descriptor(manifest.encode(), _MANIFEST) | platform],
        })  # fmt: skip
        found[f"{repository}/manifests/1.0.0"] = (_INDEX, index.encode())
        for media_type, text in ((_INDEX, index), (_MANIFEST, manifest)):
            found[f"{repository}/manifests/{_digest(text.encode())}"] = (media_type, text.encode())
        found[f"{repository}/blobs/{_digest(config.encode())}"] = (kind, config.encode())
    return found


def _serve(port: Connection) -> None:
    contents: Mapping[str, tuple[str, bytes]] = _contents()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet, as servers that people run send them

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            time.sleep(LATENCY)
            media_type, raw = contents.get(self.path, ("text/plain", b""))
            self.send_response(200 if raw else 404)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(raw)))
            if raw:
                self.send_header("Docker-Content-Digest", _digest(raw))
            self.end_headers()
            if body:
                self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.send(server.server_address[1])
    server.serve_forever()


def main() -> None:
    """Prints the figures."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    host = f"127.0.0.1:{ours.recv()}"
    settings = Settings(registries=(RegistrySetting(host, private=True, plain_http=True),))
    places = [ImageReference(host, f"team/app-{number % IMAGES}", "1.0.0") for number in range(PLACES)]
    with tempfile.TemporaryDirectory() as folder:
        how = Gathering(settings, datetime.now(UTC), {"XDG_CACHE_HOME": folder})
        for name in ("cold", "warm"):
            _measure(name, places, how)
    process.terminate()


def _measure(name: str, places: list[ImageReference], how: Gathering) -> None:
    webs: list[Web] = []
    make = gathering._web  # noqa: SLF001 - counts the requests of the program's own client

    def counted(*arguments: object) -> Web:
        webs.append(make(*arguments))  # type: ignore[arg-type]
        return webs[-1]

    gathering._web = counted  # noqa: SLF001 - likewise
    start, used = time.monotonic(), time.process_time()
    known = gather(places, how)
    wall, cpu = time.monotonic() - start, time.process_time() - used
    gathering._web = make  # noqa: SLF001 - as it was
    complete = sum(1 for facts in known.all() if facts.created and not facts.unknown)
    requests = webs[0].requests
    ideal = requests * LATENCY / WORKERS
    ratio = f"{wall / ideal:.2f}x the ideal {ideal:.2f} s" if requests else "no request"
    print(
        f"{name}: {PLACES} places, {complete} of {IMAGES} images known in full, {requests / IMAGES:.2f} requests each, "
        f"wall {wall:.2f} s = {ratio}, CPU {cpu:.2f} s"
    )


if __name__ == "__main__":
    main()
