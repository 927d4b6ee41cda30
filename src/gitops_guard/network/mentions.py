"""Hosts that settings name, with all that their surroundings say of the port."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from gitops_guard.network.references import NAME, PAIR, URL, Reference, references, whole
from gitops_guard.network.setting import Setting
from gitops_guard.network.telling import SettingName, setting_name

_LIMIT = 2_000
_REPEATED = 20
_KEYWORDS_LIMIT = 4_096
_HOST_KEYWORDS = frozenset(("host", "hostaddr", "server", "source", "datasource", "address", "addr", "endpoint"))
_WORDS_OF_NO_HOST = frozenset(
    ("true", "false", "yes", "no", "on", "off", "none", "null", "nil", "all", "any", "default", "auto", "enabled",
     "disabled", "production", "development", "staging", "test", "debug", "info", "unknown", "internal", "external",
     "cluster", "standalone", "unset", "empty", "http", "https", "tcp", "udp", "dns", "nodeport", "clusterip",
     "loadbalancer", "self", "local")
)  # fmt: skip


class Mention(NamedTuple):
    """A host in a setting. `port` is written beside it or in a neighbour (`port_is_near`).

    `near_ports` are those of neighbours that say more (`BUS_PUBLISH_PORT` beside `BUS_HOST`).
    `likely_ports` are the default of the scheme, and the usual ports of the software that is spoken of. `is_certain`:
    the text can mean nothing but an address. `is_quiet`: if it leads nowhere it was no host, and nobody need know.
    """

    reference: Reference
    port: int | None
    port_is_near: bool
    scheme_port: int | None
    likely_ports: tuple[int, ...]
    near_ports: tuple[int, ...]
    setting: Setting
    is_certain: bool
    is_quiet: bool

    @property
    def host(self) -> str:
        """The host as written."""
        return self.reference.host

    @property
    def text(self) -> str:
        """What may be shown of the setting."""
        return self.reference.shown


class Mentioned(NamedTuple):
    """The hosts that were found; `is_cut`: there are more, beyond the limit."""

    found: tuple[Mention, ...] = ()
    is_cut: bool = False


def mentions(settings: Iterable[Setting], declared: frozenset[str] = frozenset()) -> Mentioned:
    """The hosts of settings that belong together: the variables of a container, a file, a command.

    Args:
        settings: in order; those about ports serve the hosts beside them.
        declared: names that the file defines itself, which are no hosts.
    """
    known = tuple(settings)
    ports = _ports(known)
    every = _rare(
        mention
        for setting in known
        for mention in _of_setting(setting, ports)
        if mention.reference.port is not None or mention.host not in declared
    )
    found = tuple(islice(every, _LIMIT + 1))
    return Mentioned(found[:_LIMIT], len(found) > _LIMIT)


def _rare(every: Iterable[Mention]) -> Iterator[Mention]:
    """Leaves out what says the same for the hundredth time."""
    seen: Counter[tuple[object, ...]] = Counter()
    for mention in every:
        key = mention.reference[:3], mention.port, mention.near_ports, mention.setting.is_lookup, mention.is_quiet
        seen[key] += 1
        if seen[key] <= _REPEATED:
            yield mention


def _ports(settings: Sequence[Setting]) -> dict[tuple[str, ...], int]:
    """The ports that settings give, by the words that they share with the host's."""
    found: dict[tuple[str, ...], int] = {}
    for setting in settings:
        if len(setting.text) > _PORT_DIGITS or not setting.text.isdecimal() or not setting.text.isascii():
            continue
        stem = setting_name(setting.name).port_stem
        if stem is not None and 0 < int(setting.text) <= _LAST_PORT:
            found.setdefault(stem, int(setting.text))
    return found


_PORT_DIGITS = 5
_LAST_PORT = 65535


def _of_setting(setting: Setting, ports: dict[tuple[str, ...], int]) -> Iterator[Mention]:
    name = setting_name(setting.name)
    if not setting.text:
        return
    found = tuple(references(setting.text)) or _keywords(setting.text)
    if name.is_image:
        found = tuple(reference for reference in found if reference.form == URL)
    if found:
        for reference in found:
            yield _mention(reference, setting, name, ports)
        return
    if not (name.tells or setting.is_host or setting.is_lookup):
        return
    for reference in whole(setting.text) or _first_word(setting.text):
        if reference.host not in _WORDS_OF_NO_HOST and not (reference.form == NAME and _is_file(setting.text)):
            yield _mention(reference, setting, name, ports, is_bare=True)


def _is_file(text: str) -> bool:
    return text.startswith(("/", "./", "../"))


def _first_word(text: str) -> tuple[Reference, ...]:
    """`server backend weight=5;`: the first of several words."""
    first, space, _ = text.partition(" ")
    return whole(first.rstrip(";")) if space else ()


def _mention(
    reference: Reference,
    setting: Setting,
    name: SettingName,
    ports: dict[tuple[str, ...], int],
    *,
    is_bare: bool = False,
) -> Mention:
    near = None
    if reference.port is None:
        near = setting.port or next((ports[stem] for stem in name.stems if stem in ports), None)
    likely = tuple(port for port in (reference.default_port, setting.known_port, name.known_port) if port is not None)
    is_whole = reference.form == PAIR and reference.end - reference.start == len(setting.text.strip())
    certain = is_whole or reference.form == URL or ".svc" in reference.host or setting.is_host or name.tells
    return Mention(
        reference,
        reference.port if reference.port is not None else near,
        near is not None,
        reference.default_port if reference.form == URL else None,
        likely,
        () if reference.port is not None or near is not None else _longer(name, ports),
        setting,
        certain and not (is_bare and "." not in reference.host and not setting.is_host),
        _is_quiet(reference, setting, name, is_bare=is_bare),
    )


def _longer(name: SettingName, ports: dict[tuple[str, ...], int]) -> tuple[int, ...]:
    stem = name.words[:-1]
    return tuple(port for words, port in ports.items() if stem and words[: len(stem)] == stem)[:_NEAR_LIMIT]


_NEAR_LIMIT = 8


def _is_quiet(reference: Reference, setting: Setting, name: SettingName, *, is_bare: bool) -> bool:
    if name.is_own:
        return True
    if setting.is_lookup:
        return "." not in reference.host
    if reference.form == URL or ".svc" in reference.host or setting.is_host:
        return False
    if is_bare:
        return not name.is_strict or " " in setting.text.strip()
    return not (name.tells or (reference.form == PAIR and "." in reference.host))


def _keywords(text: str) -> tuple[Reference, ...]:
    """`host=db port=5432 user=x` and `Server=tcp:db,1433;Database=x`."""
    if "=" not in text or len(text) > _KEYWORDS_LIMIT:
        return ()
    separator = ";" if ";" in text else " "
    pairs = {}
    for part in text.split(separator):
        key, equals, value = part.partition("=")
        if equals:
            pairs[key.strip().lower().replace(" ", "")] = value.strip().strip("'\"")
    if len(pairs) < 2:  # noqa: PLR2004 - one pair is no connection string
        return ()
    host = next((pairs[key] for key in pairs if key in _HOST_KEYWORDS), "")
    port = pairs.get("port", "")
    host = host.removeprefix("tcp:").replace(",", ":")
    written = f"{host}:{port}" if port.isdecimal() and ":" not in host else host
    return whole(written) if written else ()
