"""A server on raw sockets that answers as badly as a test asks, with and without TLS.

    with serving({"/blob": truncated(100), "/v2/": answer(401)}) as server:
        ...server.url + "/blob"...
        assert server.received[0].headers["host"] == server.authority

A behaviour gets the connection and the request, and returns whether the connection stays open.
"""

import gzip
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

_PATIENCE = 10.0
_CHUNK = b"x" * 65_536
_CLIENT_HELLO = b"\x16\x03"


class Received(NamedTuple):
    """A request: headers have names in lower case; `connection` counts connections from 0; `sni` is TLS's name."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int
    sni: str = ""


class Line(NamedTuple):
    """The connection as a behaviour sees it; `stopped` is set when the server ends."""

    socket: socket.socket
    stopped: threading.Event

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def pause(self, seconds: float = _PATIENCE) -> None:
        self.stopped.wait(seconds)


Behaviour = Callable[[Line, Received], bool]


def answer(status: int = 200, body: bytes = b"", /, **headers: str) -> Behaviour:
    """A whole answer; underscores in names of headers are dashes."""
    lines = {"content_length": str(len(body))} | headers
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    start = f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode("latin-1")

    def behave(line: Line, request: Received) -> bool:
        line.send(start + (b"" if request.method == "HEAD" else body))
        return True

    return behave


def redirect(location: str, status: int = 302) -> Behaviour:
    """A redirect."""
    return answer(status, b"elsewhere", location=location)


def raw(*pieces: bytes, pause: float = 0.0) -> Behaviour:
    """Sends pieces as they are, with a pause between them, and closes."""

    def behave(line: Line, request: Received) -> bool:
        del request
        for piece in pieces:
            line.send(piece)
            line.pause(pause)
        return False

    return behave


def stalling(start: bytes = b"") -> Behaviour:
    """Sends a beginning, then nothing, and keeps the connection."""

    def behave(line: Line, request: Received) -> bool:
        del request
        line.send(start)
        line.pause()
        return False

    return behave


def trickling(start: bytes, piece: bytes = b"x", pause: float = 0.05) -> Behaviour:
    """Sends a beginning, then a little now and then, for ever."""

    def behave(line: Line, request: Received) -> bool:
        del request
        line.send(start)
        while not line.stopped.is_set():
            line.pause(pause)
            line.send(piece)
        return False

    return behave


def endless(start: bytes, piece: bytes = _CHUNK) -> Behaviour:
    """Sends a beginning, then as much as the client takes."""
    return trickling(start, piece, 0.0)


def truncated(said: int, sent: bytes = b"half") -> Behaviour:
    """Says a length, and closes before it is reached."""
    return raw(f"HTTP/1.1 200 OK\r\nContent-Length: {said}\r\n\r\n".encode() + sent)


def gzip_bomb(size: int) -> Behaviour:
    """A body of zeros that is a thousand times smaller on the wire."""
    return answer(200, gzip.compress(bytes(size)), content_encoding="gzip")


def reset() -> Behaviour:
    """Breaks the connection off."""

    def behave(line: Line, request: Received) -> bool:
        del request
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """The first behaviour for the first request, and so on; the last one from then on."""
    left = list(behaviours)
    lock = threading.Lock()

    def behave(line: Line, request: Received) -> bool:
        with lock:
            now = left.pop(0) if len(left) > 1 else left[0]
        return now(line, request)

    return behave


def tunnel(port: int) -> Behaviour:
    """What a proxy does with CONNECT, to a port of 127.0.0.1 whatever was asked for."""

    def behave(line: Line, request: Received) -> bool:
        del request
        with socket.create_connection(("127.0.0.1", port), _PATIENCE) as far:
            line.send(b"HTTP/1.1 200 Connected\r\n\r\n")
            ends = {line.socket: far, far: line.socket}
            while not line.stopped.is_set():
                for end in select.select(list(ends), [], [], 0.1)[0]:
                    data = end.recv(65_536)
                    if not data:
                        return False
                    ends[end].sendall(data)
        return False

    return behave


class Certificate(NamedTuple):
    """PEM files of a self-signed certificate and its key."""

    certificate: Path
    key: Path


def self_signed(folder: Path, *names: str) -> Certificate:
    """Makes a certificate for host names and IP addresses."""
    from cryptography import x509  # noqa: PLC0415 - few tests need it
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fault server")])
    now = datetime.now(UTC)
    alternatives = [x509.IPAddress(ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = (
        builder.not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    made.certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    made.key.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return made


class FaultServer:
    """Listens on a free port of 127.0.0.1.

    Args:
        routes: behaviours by path without query; `*` is for all others, which get 404 without it.
        certificate: for TLS.
    """

    def __init__(self, routes: Mapping[str, Behaviour], certificate: Certificate | None = None) -> None:
        self.routes = dict(routes)
        self.received: list[Received] = []
        self.connections = 0
        self._certificate = certificate
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.authority = f"127.0.0.1:{self.port}"
        self.url = f"{'http' if certificate is None else 'https'}://{self.authority}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        """Ends all connections."""
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(_PATIENCE)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True)
            self.connections += 1
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        plain.settimeout(_PATIENCE)
        names: list[str] = []
        # A client that gave up is what most tests are about.
        with plain, suppress(OSError):
            if self._certificate is None:
                self._talk(plain, number, names)
                return
            context = _server_context(self._certificate)
            context.sni_callback = lambda _socket, name, _context: names.append(name or "")
            with context.wrap_socket(plain, server_side=True) as secure:
                self._talk(secure, number, names)

    def _talk(self, connection: socket.socket, number: int, names: list[str]) -> None:
        buffer = b""
        open_still = True
        while open_still and not self._stopped.is_set():
            head, found, buffer = _until(connection, buffer, b"\r\n\r\n", self._stopped)
            if not found:
                return
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
            length = int(headers.get("content-length", "0"))
            while len(buffer) < length:
                buffer += connection.recv(65_536)
            body, buffer = buffer[:length], buffer[length:]
            method, path, _ = first.split(" ")
            request = Received(method, path, headers, body, number, "".join(names[-1:]))
            self.received.append(request)
            behave = self.routes.get(path.partition("?")[0]) or self.routes.get("*") or answer(404)
            open_still = behave(Line(connection, self._stopped), request)


def _until(
    connection: socket.socket, buffer: bytes, end: bytes, stopped: threading.Event
) -> tuple[bytes, bytes, bytes]:
    connection.settimeout(0.1)
    while end not in buffer and not stopped.is_set():
        try:
            piece = connection.recv(65_536)
        except TimeoutError:
            continue
        buffer += piece
        if buffer.startswith(_CLIENT_HELLO):
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        if not piece or buffer.startswith(_CLIENT_HELLO):
            return b"", b"", b""
    connection.settimeout(_PATIENCE)
    return buffer.partition(end)


def _server_context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


@contextmanager
def serving(routes: Mapping[str, Behaviour], certificate: Certificate | None = None) -> Iterator[FaultServer]:
    """A server for the time of a `with`."""
    server = FaultServer(routes, certificate)
    try:
        yield server
    finally:
        server.stop()
