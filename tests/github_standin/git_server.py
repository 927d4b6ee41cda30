"""The git side of a server: `git http-backend` behind basic authentication, on a loopback port."""

import base64
import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class GitServer:
    """`url` is what GITHUB_SERVER_URL would be; `refused` counts requests with a wrong or doubled authorization."""

    def __init__(self, path: Path, repository: str, readers: tuple[str, ...], writer: str) -> None:
        self.refused = 0
        self._path, self._repository = path, repository
        self._readers, self._writer = [[_basic(token)] for token in (*readers, writer) if token], [_basic(writer)]
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def may(self, given: list[str]) -> bool:
        """Whether these are the Authorization headers of a request that may read."""
        if given not in self._readers:
            self.refused += 1
        return given in self._readers

    def run(self, request: BaseHTTPRequestHandler, body: bytes) -> bytes:
        """What git's own CGI program answers."""
        parts = urlsplit(request.path)
        environment = os.environ | {
            "GIT_PROJECT_ROOT": str(self._path / ".git"),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": parts.path.removeprefix(f"/{self._repository}").removeprefix(".git"),
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": request.command,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "uploadpack.allowAnySHA1InWant",
            "GIT_CONFIG_VALUE_0": "true",
            "GIT_CONFIG_KEY_1": "uploadpack.allowFilter",
            "GIT_CONFIG_VALUE_1": "true",
        }
        if request.headers.get_all("Authorization") == self._writer:
            # git lets somebody push whom the server in front of it knows (git-http-backend(1)).
            environment["REMOTE_USER"] = "x-access-token"
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=True)
        return done.stdout


@contextlib.contextmanager
def serving(path: Path, repository: str, *readers: str, writer: str = "") -> Iterator[GitServer]:
    """A server of one repository in a thread of this process; only these tokens may read it, the last also push."""
    server = GitServer(path, repository, readers, writer)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


def _basic(token: str) -> str:
    return "Basic " + base64.b64encode(f"x-access-token:{token}".encode()).decode()


def _handler(server: GitServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not server.may(self.headers.get_all("Authorization") or []):
                self.send_response(401)
                self.end_headers()
                return
            head, _, content = server.run(self, body).partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _respond

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature of http.server
            """Nothing: the test looks at what git did."""

    return Handler
