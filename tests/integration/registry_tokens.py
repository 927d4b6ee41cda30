"""A token server for a real registry (Docker Registry v2 authentication: token and OAuth2), on `cryptography` alone."""

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

SERVICE, ISSUER = "registry.test", "test-issuer"
USER, PASSWORD, IDENTITY = "ci", "s3cret of a test", "identity-token-of-a-test"


class Asked(NamedTuple):
    """What the token server was asked: the scope, and by whom ("" for nobody)."""

    scope: str
    by: str


class TokenServer:
    """Signs tokens. `life` is what it says and signs of a token's life in seconds; `refused` are those that it refuses.

    Repositories below `private/` are for the user only, all others for everyone.
    """

    def __init__(self, folder: Path) -> None:
        self._key = rsa.generate_private_key(65_537, 2048)
        self._certificate = _certificate(self._key)
        self.bundle = folder / "token.pem"
        self.bundle.write_bytes(self._certificate.public_bytes(Encoding.PEM))
        self.asked: list[Asked] = []
        self.life = 300
        self.url = ""

    @property
    def auth(self) -> Mapping[str, object]:
        """The section `auth` of the registry's configuration."""
        bundle = str(self.bundle)
        return {"token": {"realm": self.url, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": bundle}}

    def token(self, scope: str, by: str) -> str:
        """A token for what the user may do."""
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        allowed = actions.split(",") if by or not name.startswith("private/") else []
        now = int(time.time())
        claims = {
            "iss": ISSUER, "sub": by, "aud": SERVICE, "nbf": now - 5, "iat": now, "exp": now + self.life,
            "jti": str(len(self.asked)), "access": [{"type": kind, "name": name, "actions": allowed}],
        }  # fmt: skip
        chain = [base64.b64encode(self._certificate.public_bytes(Encoding.DER)).decode()]
        signed = f"{_part({'typ': 'JWT', 'alg': 'RS256', 'x5c': chain})}.{_part(claims)}"
        return f"{signed}.{_base64(self._key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"


@contextmanager
def token_server(folder: Path) -> Iterator[TokenServer]:
    """A token server on a free port."""
    server = TokenServer(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fields = parse_qs(urlsplit(self.path).query)
            given = self.headers.get("Authorization", "")
            right = given == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            self._give(fields, by=USER if right else "", refused=bool(given) and not right)

        def do_POST(self) -> None:
            fields = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            right = fields.get("refresh_token") == [IDENTITY] and fields.get("grant_type") == ["refresh_token"]
            self._give(fields, by=USER if right else "", refused=not right)

        def _give(self, fields: dict[str, list[str]], *, by: str, refused: bool) -> None:
            scope = fields.get("scope", [""])[0]
            server.asked.append(Asked(scope, by))
            wrong = refused or fields.get("service") != [SERVICE]
            key = "access_token" if self.command == "POST" else "token"
            body = {"errors": [{"code": "UNAUTHORIZED"}]} if wrong else {key: server.token(scope, by)}
            raw = json.dumps(body | {"expires_in": server.life}).encode()
            self.send_response(401 if wrong else 200)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_port}/token"
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


def _certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "token server")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    return (
        builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1)).sign(key, SHA256())
    )


def _part(value: Mapping[str, object]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
