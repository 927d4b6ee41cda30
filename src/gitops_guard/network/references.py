"""Finds hosts and ports in a text. Pure, and linear in its length: every text may be hostile.

Nothing here knows the cluster: whether a host is one is decided by the names of the repository and by where it stands.
"""

import ipaddress
import re
from collections.abc import Iterator
from typing import NamedTuple

URL = "url"
PAIR = "pair"
NAME = "name"

_MAX_SCHEME = 40
_MAX_AUTHORITY = 1024
_MAX_HOST = 253
_MAX_LABEL = 63
_MAX_PORT = 65535

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*+\Z")
_AUTHORITY = re.compile(r"[^\s\"'`/?#<>|\\,;]*+")
_REST = re.compile(r"[^\s\"'`<>|\\,;]*+")
_WORD = re.compile(
    r"(?<![A-Za-z0-9_.\-/%$~+])([A-Za-z0-9][A-Za-z0-9.\-]*+)(?::([0-9]{1,5})(?![A-Za-z0-9_@\-])(?!\.[0-9]))?"
)
_LIST_ITEM = re.compile(
    r",\s?([A-Za-z0-9][A-Za-z0-9.\-]*+)(?::([0-9]{1,5})(?![A-Za-z0-9_@\-]))?(?!://|[A-Za-z0-9_=@:])"
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?\Z")
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::([0-9]{1,5}))?\Z")

DEFAULT_PORTS = {
    "http": 80, "https": 443, "ws": 80, "wss": 443, "h2c": 80,
    "postgres": 5432, "postgresql": 5432, "pgsql": 5432, "mysql": 3306, "mysql2": 3306, "mariadb": 3306,
    "sqlserver": 1433, "mssql": 1433, "oracle": 1521, "cassandra": 9042, "clickhouse": 9000, "cockroachdb": 26257,
    "mongodb": 27017, "redis": 6379, "rediss": 6379, "memcached": 11211, "memcache": 11211, "couchdb": 5984,
    "elasticsearch": 9200, "opensearch": 9200, "neo4j": 7687, "bolt": 7687, "influxdb": 8086,
    "amqp": 5672, "amqps": 5671, "rabbitmq": 5672, "kafka": 9092, "nats": 4222, "pulsar": 6650, "stomp": 61613,
    "mqtt": 1883, "mqtts": 8883, "zookeeper": 2181, "zk": 2181, "etcd": 2379,
    "ldap": 389, "ldaps": 636, "smtp": 25, "smtps": 465, "imap": 143, "imaps": 993, "ftp": 21, "sftp": 22, "ssh": 22,
    "git": 9418, "rtmp": 1935, "otlp": 4317,
}  # fmt: skip
"""The ports that clients take when a URL of this scheme names none (IANA, or the server's own documentation)."""

_UDP_SCHEMES = frozenset(("udp", "statsd", "syslog+udp"))
_NO_HOST = frozenset(
    ("file", "unix", "unixgram", "classpath", "s3", "s3a", "gs", "wasb", "wasbs", "abfs", "abfss", "arn", "spiffe",
     "secret", "secretsmanager", "ssm", "vault", "data", "jar", "zip", "env", "urn", "fd", "docker-image", "podman",
     "blob", "azblob", "ref+file", "npipe", "inmem", "memory", "mem", "bbs", "k8s", "projects", "op", "kubernetes",
     "docker", "containerd", "cri-o", "image", "awskms", "gcpkms", "hashivault", "azurekms")
)  # fmt: skip
_NAMES_IN_PATH = frozenset(("dns", "dns4", "dns6", "passthrough", "dnssrv", "dnssrv+"))
_JDBC_HOSTLESS = frozenset(("h2", "sqlite", "derby", "hsqldb", "duckdb"))


class Reference(NamedTuple):
    """A host that a text names.

    `start` and `end` say where in the text. `scheme` is lower-case, empty where none is written; `port` None likewise.
    `form` is `URL`, `PAIR` (host and port) or `NAME`. `host` keeps a trailing dot; it may hold a template (`${X}`).
    """

    host: str
    port: int | None
    scheme: str
    start: int
    end: int
    form: str

    @property
    def default_port(self) -> int | None:
        """The port of the scheme, if it has one."""
        return DEFAULT_PORTS.get(self.scheme)

    @property
    def is_udp(self) -> bool:
        """Whether the scheme says UDP."""
        return self.scheme in _UDP_SCHEMES

    @property
    def is_template(self) -> bool:
        """Whether the host is filled in later."""
        return any(mark in self.host for mark in "${}<>%()*")

    @property
    def shown(self) -> str:
        """Scheme, host and port, and nothing else."""
        scheme = f"{self.scheme}://" if self.scheme else ""
        host = f"[{self.host}]" if ":" in self.host and not self.is_template else self.host
        return f"{scheme}{host}" + ("" if self.port is None else f":{self.port}")


def references(text: str) -> Iterator[Reference]:
    """The URLs, the pairs of host and port, and the names that end in `.svc` or the like, in order of place."""
    covered = 0
    for url in _urls(text):
        if url[0] > covered:
            yield from _words(text, covered, url[0])
        yield from url[2]
        covered = max(covered, url[1])
    yield from _words(text, covered, len(text))


def _urls(text: str) -> Iterator[tuple[int, int, list[Reference]]]:
    """For each URL: where it starts and ends, and the hosts that it names."""
    at = text.find("://")
    done = 0
    while at >= 0:
        scheme = _SCHEME.search(text[max(done, at - _MAX_SCHEME) : at])
        start = at - len(scheme[0]) if scheme else at
        end, found = _url(text, start, at + 3, scheme[0].lower() if scheme else "")
        yield start, end, found
        done = end
        at = text.find("://", end)


def _url(text: str, start: int, at: int, scheme: str) -> tuple[int, list[Reference]]:
    """Reads from behind `://`."""
    plain = scheme.rpartition("+")[2] if scheme.startswith(("jdbc", "git+", "docker+", "svn+", "hg+")) else scheme
    plain = plain.removesuffix("+srv")
    if plain in _NAMES_IN_PATH and text.startswith("/", at):
        at, plain = at + 1, ""
    authority = _AUTHORITY.match(text, at, at + _MAX_AUTHORITY)
    end = authority.end() if authority else at
    found: list[Reference] = []
    if plain not in _NO_HOST and not _is_identifier(text, start):
        first = _authority(text[at:end], plain, start, end)
        found += first
        while first and (item := _LIST_ITEM.match(text, end)):
            found += _reference(item[1], item[2], plain, item.start(1), item.end(), URL)
            end = item.end()
    rest = _REST.match(text, end)
    return rest.end() if rest else end, found


def _is_identifier(text: str, start: int) -> bool:
    """Whether a URL only names something, as XML namespaces and schemas do."""
    before = text[max(0, start - 24) : start].lower()
    return "xmlns" in before or "$schema" in before or "$id" in before or "schemalocation" in before


def _authority(authority: str, scheme: str, start: int, end: int) -> list[Reference]:
    host_port = authority.rpartition("@")[2].rstrip(".)]}:" if not authority.rpartition("@")[2].startswith("[") else "")
    bracketed = _BRACKETED.match(host_port)
    if bracketed:
        return _reference(bracketed[1], bracketed[2], scheme, start, end, URL)
    host, colon, port = host_port.rpartition(":")
    if not colon:
        host, port = host_port, ""
        if authority.endswith(".") and not authority.endswith(".."):
            host += "."
    if "${" in host_port or "$(" in host_port or "{{" in host_port or "%(" in host_port:
        return [Reference(authority.rpartition("@")[2][:_MAX_HOST], None, scheme, start, end, URL)]
    if port and not (port.isascii() and port.isdecimal()):
        return []
    return _reference(host, port, scheme, start, end, URL)


def _reference(host: str, port: str | None, scheme: str, start: int, end: int, form: str) -> list[Reference]:  # noqa: PLR0913, PLR0917 - the fields of one value
    number = int(port) if port else None
    if number is not None and not 0 < number <= _MAX_PORT:
        return []
    if not is_host(host):
        return []
    return [Reference(host.lower(), number, scheme, start, end, form)]


def _words(text: str, start: int, end: int) -> Iterator[Reference]:
    if text.find(":", start, end) < 0 and text.find(".svc", start, end) < 0:
        return
    for match in _WORD.finditer(text, start, end):
        host, port = match[1], match[2]
        if port is not None:
            yield from _reference(host, port, "", match.start(), match.end(), PAIR)
        elif ".svc" in host and (".svc." in host or host.endswith(".svc")):
            yield from _reference(host, None, "", match.start(), match.end(), NAME)


def whole(text: str) -> tuple[Reference, ...]:
    """The hosts of a text that is nothing but a host, or a list of hosts divided by commas, semicolons or spaces."""
    found: list[Reference] = []
    at = 0
    for part in re.split(r"[\s,;]", text[: _MAX_HOST * 64]):
        start, at = at, at + len(part) + 1
        if not part:
            continue
        one = _whole_item(part, start)
        if not one:
            return ()
        found += one
    return tuple(found)


def _whole_item(part: str, start: int) -> list[Reference]:
    bracketed = _BRACKETED.match(part)
    if bracketed:
        return _reference(bracketed[1], bracketed[2], "", start, start + len(part), PAIR)
    if address(part) is not None:
        return [Reference(part.lower(), None, "", start, start + len(part), NAME)]
    host, colon, port = part.rpartition(":")
    if colon:
        return _reference(host, port, "", start, start + len(part), PAIR) if port.isascii() and port.isdecimal() else []
    return _reference(part, None, "", start, start + len(part), NAME)


def is_host(text: str) -> bool:
    """Whether a text is a DNS name of some labels with a letter in it, or an IP address."""
    if not 0 < len(text) <= _MAX_HOST:
        return False
    if address(text) is not None:
        return True
    labels = text.removesuffix(".").lower().split(".")
    return (
        all(len(label) <= _MAX_LABEL and _LABEL.match(label) for label in labels)
        and any("a" <= c <= "z" for c in labels[-1])
        and not labels[-1].isdecimal()
    )


def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a text is, if it is one."""
    if not text[:1].isalnum() and text[:1] != ":":
        return None
    if not (text[:1].isdecimal() and "." in text) and ":" not in text:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
