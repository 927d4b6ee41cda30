"""The stand-in on a loopback port: validation, rights, pages and faults around the operations."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from . import graphql
from .call import Answer, Call, RefusalError
from .description import answer_errors, request_errors, route
from .operations import ENTRIES
from .state import Fault, Identity, State

REQUEST_LIMIT = 8 * 1024 * 1024
_PAGE, _PAGE_LIMIT = 30, 100


class StandIn:
    """A running stand-in. `url` is what GITHUB_API_URL would be; `state` is open to the test."""

    def __init__(self, state: State, port: int = 0, save: Path | None = None) -> None:
        self.state = state
        self._save = save
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def serve(self) -> None:
        """Answers until the process ends."""
        self._server.serve_forever(poll_interval=0.02)

    def close(self) -> None:
        """Stops answering."""
        self._server.shutdown()
        self._server.server_close()

    def fault(self, request: tuple[str, str]) -> Fault | None:
        """The fault that meets this request, one time less from now on."""
        if self.state.spared:
            self.state.spared -= 1
            return None
        for at, fault in enumerate(self.state.faults):
            if fault.method in {"", request[0]} and request[1].endswith(fault.ends):
                rest = [] if fault.times <= 1 else [fault._replace(times=fault.times - 1)]
                self.state.faults[at : at + 1] = rest
                return fault
        return None

    def answer(self, method: str, target: str, token: str, raw: bytes) -> tuple[Answer, dict[str, str]] | None:
        """The answer and its headers; None cuts the connection."""
        with self._lock:
            parts = urlsplit(target)
            asked = _operation(method, parts.path, raw)
            label = asked.label if isinstance(asked, graphql.Operation) else target
            self.state.requests.append((method, label))
            fault = self.fault((method, label.partition("?")[0]))
            if fault is not None and not fault.done:
                result = _faulty(fault)
            else:
                result = (
                    self._worked(method, parts.path, dict(parse_qsl(parts.query)), token, raw)
                    if asked is None
                    else self._executed(asked, token)
                )
                result = result if fault is None else _faulty(fault)
            if self._save is not None:
                self._save.write_text(json.dumps(self.state.dump(), indent=1))
        if fault is not None:
            time.sleep(fault.seconds)
        return result

    def _executed(self, asked: graphql.Operation | graphql.DocumentError, token: str) -> tuple[Answer, dict[str, str]]:
        identity = self.state.tokens.get(token)
        if identity is None:
            return _refused(401, "Bad credentials"), {}
        try:
            if isinstance(asked, graphql.DocumentError):
                raise asked
            return Answer(200, graphql.answer(self.state, identity, asked)), {}
        except graphql.DocumentError as error:
            return self._violated(f"POST /graphql: {error}")

    def _worked(
        self, method: str, path: str, query: dict[str, str], token: str, raw: bytes
    ) -> tuple[Answer, dict[str, str]]:
        identity = self.state.tokens.get(token)
        if identity is None:
            return _refused(401, "Bad credentials"), {}
        found = route(method, path)
        if found is None or (method.lower(), found.template) not in ENTRIES:
            return self._violated(f"{method} {path}: no such operation")
        entry = ENTRIES[method.lower(), found.template]
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            return self._violated(f"{method} {path}: the body is not JSON")
        if wrong := request_errors(found, query, body):
            return self._violated(f"{method} {path}: " + "; ".join(wrong))
        if path.startswith("/repos/") and not (path + "/").startswith(f"/repos/{self.state.repository}/"):
            return _refused(404, "Not Found"), {}
        if not _may(identity, entry.rights):
            accepted = "; ".join("=".join(right) for right in entry.rights)
            refused = _refused(403, "Resource not accessible by integration")
            return refused, {"x-accepted-github-permissions": accepted}
        try:
            answer = entry.run(Call(self.state, found, identity, body, self.url, query))
        except RefusalError as refusal:
            answer = refusal.answer
        headers: dict[str, str] = {}
        if answer.status == 200 and isinstance(answer.body, list) and method == "GET":
            answer, headers = self._page(answer, path, query)
        if wrong := answer_errors(found, answer.status, answer.body):
            return self._violated(f"the stand-in's own answer to {method} {path}: " + "; ".join(wrong))
        return answer, headers

    def _violated(self, reason: str) -> tuple[Answer, dict[str, str]]:
        self.state.violations.append(reason)
        return _refused(500, reason), {}

    def _page(self, answer: Answer, path: str, query: dict[str, str]) -> tuple[Answer, dict[str, str]]:
        size = max(1, min(int(query.get("per_page", _PAGE)), _PAGE_LIMIT))
        page = max(1, int(query.get("page", 1)))
        last = max(1, -(-len(answer.body) // size))
        near = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        wanted = [
            name
            for name in near
            if (name in {"prev", "first"} and page > 1) or (name in {"next", "last"} and page < last)
        ]
        links = [f'<{self.url}{path}?per_page={size}&page={near[name]}>; rel="{name}"' for name in wanted]
        shown = answer._replace(body=answer.body[(page - 1) * size : page * size])
        return shown, {"link": ", ".join(links)} if links else {}


@contextlib.contextmanager
def running(state: State) -> Iterator[StandIn]:
    """A stand-in in a thread of this process."""
    standin = StandIn(state)
    thread = threading.Thread(target=standin.serve, daemon=True)
    thread.start()
    try:
        yield standin
    finally:
        standin.close()
        thread.join()


def _refused(status: int, message: str) -> Answer:
    return RefusalError(status, message).answer


def _operation(method: str, path: str, raw: bytes) -> graphql.Operation | graphql.DocumentError | None:
    """The GraphQL that a request holds; None for a request to the REST API."""
    if (method, path) != ("POST", "/graphql"):
        return None
    try:
        return graphql.operation(json.loads(raw))
    except ValueError:
        return graphql.DocumentError("the body is not JSON")
    except graphql.DocumentError as error:
        return error


def _faulty(fault: Fault) -> tuple[Answer, dict[str, str]] | None:
    if fault.kind:
        return Answer(200, {"errors": [{"type": fault.kind, "message": fault.message}]}), fault.headers
    if fault.status is None:
        return None
    return _refused(fault.status, fault.message), fault.headers


def _may(identity: Identity, rights: tuple[tuple[str, str], ...]) -> bool:
    own = identity.rights
    return not rights or any(own.get(right) in {level, "write"} for right, level in rights)


def _handler(standin: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # A small answer must not wait for the acknowledgement of the one before.
        disable_nagle_algorithm = True

        def _respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > REQUEST_LIMIT:
                self.close_connection = True
                return
            token = (self.headers.get("Authorization") or "").partition(" ")[2]
            result = standin.answer(self.command, self.path, token, self.rfile.read(length))
            if result is None:
                self.close_connection = True
                return
            self._send(*result)

        def _send(self, answer: Answer, headers: dict[str, str]) -> None:
            content = b"" if answer.body is None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _respond

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature of http.server
            """Nothing: the state records every request."""

    return Handler
