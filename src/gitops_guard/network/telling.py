"""What the name of a setting says of its value: that it is an address, a port, or something else. Pure.

A value that could be a Service's name is one only where its setting speaks of an address: `DB_HOST=mysql` does,
`APP_NAME=mysql` does not.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from gitops_guard.network.references import DEFAULT_PORTS

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ADDRESS = frozenset(
    ("host", "hosts", "hostname", "hostnames", "fqdn", "addr", "addrs", "address", "addresses", "url", "urls", "uri",
     "uris", "endpoint", "endpoints", "server", "servers", "broker", "brokers", "upstream", "upstreams", "bootstrap",
     "dsn", "peer", "peers", "seed", "seeds", "backend", "backends", "proxy", "origin", "svc", "service", "services",
     "contactpoints", "connect", "connection", "remote", "ip", "dns", "target", "targets", "nodes", "hostport",
     "ensemble", "quorum", "baseurl")
)  # fmt: skip
_STRICT = frozenset(
    ("host", "hosts", "hostname", "hostnames", "fqdn", "addr", "addrs", "address", "addresses", "url", "urls", "uri",
     "uris", "endpoint", "endpoints", "broker", "brokers", "upstream", "upstreams", "dsn", "hostport", "baseurl",
     "server", "servers")
)  # fmt: skip
_OTHERWISE = frozenset(
    ("name", "names", "user", "username", "password", "pass", "passwd", "db", "database", "schema", "image", "images",
     "tag", "version", "label", "labels", "path", "prefix", "suffix", "key", "keys", "token", "secret", "realm",
     "type", "kind", "mode", "level", "class", "id", "ids", "timeout", "enabled", "topic", "topics", "queue",
     "bucket", "region", "zone", "index", "group", "port", "ports", "format", "protocol", "scheme", "cert",
     "certificate", "ca", "file", "dir", "directory", "folder", "account", "role", "count", "size", "interval",
     "email", "title", "description", "strategy", "context", "namespace", "selector", "env", "environment", "driver",
     "dialect", "provider", "engine", "vhost", "repo", "repository", "package", "module", "command", "state",
     "status", "sni", "policy", "component", "family", "app", "job")
)  # fmt: skip
_OWN = frozenset(("listen", "listener", "listeners", "bind", "advertise", "advertised", "advertising"))
_IMAGE = frozenset(("image", "images", "dockerimage", "containerimage"))
_RUN_TOGETHER = (
    "hostname",
    "host",
    "addr",
    "address",
    "url",
    "uri",
    "endpoint",
    "server",
    "servers",
    "broker",
    "brokers",
)
_NO_ADDRESS = frozenset(("ghost", "localhost", "curl", "observer", "webserver"))
_PORT_LAST = frozenset(("port", "portnumber", "targetport"))
_NOT_A_PORT = frozenset(("export", "import", "report", "support", "transport", "airport", "viewport"))
_LIMIT = 400
_INDEX = re.compile(r"\[[0-9]{0,9}\]")


class SettingName(NamedTuple):
    """The words of a name, lower-case, and what they say.

    `tells`: a bare value may be a Service. `is_strict`: a bare value is a host, whether it is known or not.
    `is_own`: it is an address that the program listens on or gives out as its own. `is_image`: it names an image.
    """

    words: tuple[str, ...]
    tells: bool
    is_strict: bool
    is_own: bool
    is_image: bool

    @property
    def stems(self) -> tuple[tuple[str, ...], ...]:
        """The words that a neighbour with the port would share, nearest first."""
        return (self.words, self.words[:-1]) if self.words else ()

    @property
    def port_stem(self) -> tuple[str, ...] | None:
        """The words before `port`, if the value is a port by its name."""
        if not self.words:
            return None
        *stem, last = self.words
        if last == "value" and stem and stem[-1] == "port":
            return tuple(stem[:-1])
        if last in _PORT_LAST:
            return tuple(stem)
        if last.endswith("port") and last not in _NOT_A_PORT:
            return (*stem, last.removesuffix("port"))
        return None

    @property
    def known_port(self) -> int | None:
        """The usual port of the software that the name speaks of."""
        found = {DEFAULT_PORTS[word] for word in self.words if word in DEFAULT_PORTS and word not in _TOO_GENERAL}
        return found.pop() if len(found) == 1 else None


_TOO_GENERAL = frozenset(("http", "https", "ws", "wss", "git", "ssh"))


@lru_cache(20_000)
def setting_name(name: str) -> SettingName:
    """Reads a name such as `DB_HOST`, `spring.redis.host`, `--dbHost` or `clusters[0].address`."""
    words = tuple(_split(word.lower()) for word in _WORD.findall(name[-_LIMIT:]))
    flat = tuple(word for group in words for word in group)
    while len(flat) > 1 and flat[-1].isdecimal():
        flat = flat[:-1]
    last = _last_words(name)
    final = last[-1] if last else ""
    named_host = last[-2:] in {("host", "name"), ("hosts", "names"), ("dns", "name"), ("domain", "name")}
    tells = named_host or (final not in _OTHERWISE and any(word in _ADDRESS for word in last))
    own = not _OWN.isdisjoint(flat)
    strict = (final in _STRICT or named_host) and not own
    return SettingName(flat, tells and not own, strict, own, not tells and not _IMAGE.isdisjoint(last))


def _last_words(name: str) -> tuple[str, ...]:
    """The words of the last key of a path, without a number at its end."""
    key = _INDEX.sub("", name[-_LIMIT:]).rstrip(".").rpartition(".")[2]
    words = [word for found in _WORD.findall(key) for word in _split(found.lower())]
    while len(words) > 1 and words[-1].isdecimal():
        words.pop()
    return tuple(words)


def _split(word: str) -> tuple[str, ...]:
    """`dbhost` as `db`, `host`."""
    if word in _NO_ADDRESS or word in _ADDRESS:
        return (word,)
    for tail in _RUN_TOGETHER:
        if word.endswith(tail) and len(word) > len(tail) + 1:
            return (word.removesuffix(tail), tail)
    return (word,)
