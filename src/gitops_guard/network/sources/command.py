"""The words of commands and shell scripts: flags with hosts, and the programs whose arguments are hosts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, zip_longest
from typing import NamedTuple

from gitops_guard.finding import Place
from gitops_guard.network.references import DEFAULT_PORTS
from gitops_guard.network.setting import Setting
from gitops_guard.network.sources.environment import expand
from gitops_guard.network.telling import setting_name
from gitops_guard.text import Position

_WORDS = re.compile(r"[^\s;&|()]+|\n|[;&|()]")
_LIMIT = 50_000
_STOP = frozenset((";", "&", "|", "(", ")", "\n", "do", "then", "else", "&&", "||"))
_ASSIGNMENT = re.compile(r"--?[A-Za-z][A-Za-z0-9_.\-]{0,100}=|[A-Za-z_][A-Za-z0-9_.\-]{0,100}=")
_DEV_TCP = re.compile(r"/dev/(tcp|udp)/([A-Za-z0-9.\-]{1,253})/([0-9]{1,5})\b")
_LOOKUPS = frozenset(("nslookup", "dig", "host", "getent", "ping", "ping6", "traceroute", "drill"))
_BEFORE_PROGRAM = frozenset(("until", "while", "if", "!", "exec", "time", "sudo", "set", "$"))
_WORDS_OF_LOOKUPS = frozenset(("hosts", "ahosts", "ahostsv4", "ahostsv6", "a", "aaaa", "srv"))
_HOST_THEN_PORT = frozenset(("nc", "ncat", "netcat", "telnet"))
_CLIENTS = {
    "mysql": 3306, "mysqladmin": 3306, "mysqldump": 3306, "mariadb": 3306, "mariadb-admin": 3306, "mariadb-dump": 3306,
    "psql": 5432, "pg_isready": 5432, "pg_dump": 5432, "pg_dumpall": 5432, "pg_restore": 5432, "pgbench": 5432,
    "createdb": 5432, "redis-cli": 6379, "redis-benchmark": 6379, "mongo": 27017, "mongosh": 27017, "mongodump": 27017,
    "mongorestore": 27017, "mongoimport": 27017, "clickhouse-client": 9000, "cqlsh": 9042, "rabbitmqadmin": 15672,
    "mosquitto_sub": 1883, "mosquitto_pub": 1883, "influx": 8086, "etcdctl": 2379, "ldapsearch": 389,
}  # fmt: skip
_TAKES_URL = frozenset(("curl", "wget", "http", "https", "ab", "wrk", "hey", "siege"))
_HOST_FLAGS = ("-h", "--host", "--hostname")
_PORT_FLAGS = ("-p", "-P", "--port")
_FLAGS_WITH_VALUE = frozenset(("-w", "-i", "-q", "-G", "-o", "-X", "-d", "-u", "-m", "-T", "-c", "-t"))
_QUOTES = "'\"`"


class Word(NamedTuple):
    """A word of a command, without quotes; `line` is its line within the text that holds it."""

    text: str
    place: Place
    hidden: bool = False


class Script(NamedTuple):
    """A text that may hold several words, and where its lines are."""

    text: str
    place: Place
    first_line: int | None


def is_cut(found: Sequence[Word]) -> bool:
    """Whether a command has more words than are read."""
    return len(found) >= _LIMIT


def words(scripts: Sequence[Script], known: Mapping[str, Setting]) -> Iterator[Word]:
    """The words of a command; an item with white space is read as a shell script. Comments are left out."""
    count = 0
    for script in scripts:
        if not any(c.isspace() for c in script.text):
            yield _word(script.text, script.place, known)
            count += 1
            continue
        for word in _of_script(script, known):
            yield word
            count += 1
            if count >= _LIMIT:
                return
        yield Word("\n", script.place)


def _of_script(script: Script, known: Mapping[str, Setting]) -> Iterator[Word]:
    line, in_comment = 0, False
    for match in _WORDS.finditer(script.text):
        text = match[0]
        if text == "\n":
            line += 1
            in_comment = False
            yield Word("\n", script.place)
            continue
        in_comment = in_comment or text.startswith("#")
        if not in_comment:
            yield _word(text, _line_place(script, line), known)


def _line_place(script: Script, line: int) -> Place:
    if script.first_line is None:
        return script.place
    at = Position(script.first_line + line, 1)
    return script.place._replace(start=at, end=at)


def _word(text: str, place: Place, known: Mapping[str, Setting]) -> Word:
    replaced, hidden = expand(text, known)
    return Word(replaced.strip(_QUOTES), place, hidden)


def settings(found: Sequence[Word], source: str) -> Iterator[Setting]:
    """The settings that the words of a command make."""
    at = 0
    starts = True
    while at < len(found):
        text = found[at].text
        if text in _STOP:
            starts, at = True, at + 1
            continue
        starts = starts or (at > 0 and found[at - 1].text == "-c")
        used, made = _program(found, at) if _is_program(text, starts=starts) else _of_word(found, at)
        for setting in made:
            yield setting._replace(source=source)
        starts = starts and text in _BEFORE_PROGRAM
        at += used


def _is_program(text: str, *, starts: bool) -> bool:
    """Whether a word is a program: the first of a command, or anywhere one that takes its host in a form of its own."""
    base = text.rpartition("/")[2]
    named = base in _HOST_THEN_PORT or base in _CLIENTS
    return (starts or named) and not text.startswith("-") and "=" not in text and ":" not in text


def _program(found: Sequence[Word], at: int) -> tuple[int, list[Setting]]:
    """What a program takes as hosts, and how many words that is with the program itself."""
    program = found[at].text.rpartition("/")[2]
    used, made = _arguments(program, found, at + 1)
    return used + 1, made


def _arguments(program: str, found: Sequence[Word], at: int) -> tuple[int, list[Setting]]:
    if program in _LOOKUPS:
        return _lookups(found, at)
    if program in _HOST_THEN_PORT:
        return _host_then_port(found, at)
    if program in _CLIENTS:
        return _client(_CLIENTS[program], found, at)
    if program in _TAKES_URL:
        return _bare_url(found, at)
    return 0, []


def _until_stop(found: Sequence[Word], at: int) -> list[Word]:
    taken: list[Word] = []
    while at < len(found) and found[at].text not in _STOP and len(taken) < _ARGUMENTS:
        taken.append(found[at])
        at += 1
    return taken


_ARGUMENTS = 40


def _lookups(found: Sequence[Word], at: int) -> tuple[int, list[Setting]]:
    taken = _until_stop(found, at)
    names = (word for word in taken if not word.text.startswith(("-", "+", ">", "<")))
    made = [_setting("", word)._replace(is_lookup=True) for word in names if word.text.lower() not in _WORDS_OF_LOOKUPS]
    return len(taken), made


def _host_then_port(found: Sequence[Word], at: int) -> tuple[int, list[Setting]]:
    taken = _until_stop(found, at)
    for one, following in pairwise(taken):
        if not one.text.startswith("-") and not one.text.isdecimal() and _port(following.text):
            return len(taken), [_setting("host", one)._replace(is_host=True, port=_port(following.text))]
    return 0, []


def _client(known_port: int, found: Sequence[Word], at: int) -> tuple[int, list[Setting]]:
    """A client of a database: `-h HOST`, `-hHOST`, `--host=HOST`, and its port likewise."""
    taken = _until_stop(found, at)
    host: Word | None = None
    port: int | None = None
    for word, following in zip_longest(taken, taken[1:]):
        host = _flag_value(word, following, _HOST_FLAGS) or host
        written = _flag_value(word, following, _PORT_FLAGS)
        port = (None if written is None else _port(written.text)) or port
    if host is None:
        return 0, []
    return len(taken), [_setting("host", host)._replace(is_host=True, port=port, known_port=known_port)]


def _flag_value(word: Word, following: Word | None, flags: tuple[str, ...]) -> Word | None:
    if word.text in flags:
        return following
    for flag in flags:
        rest = word.text.removeprefix(flag)
        if rest != word.text and (rest.startswith("=") or not flag.startswith("--")):
            return word._replace(text=rest.removeprefix("="))
    return None


def _bare_url(found: Sequence[Word], at: int) -> tuple[int, list[Setting]]:
    """`curl frontend/path`: a URL without a scheme."""
    taken = _until_stop(found, at)
    for index, word in enumerate(taken):
        after_flag = index > 0 and taken[index - 1].text in _FLAGS_WITH_VALUE
        if word.text.startswith("-") or after_flag or "://" in word.text:
            continue
        host = word.text.partition("/")[0]
        if host and host[0].isalpha() and "=" not in host:
            return 0, [
                _setting("url", word._replace(text=host))._replace(is_host=True, known_port=DEFAULT_PORTS["http"])
            ]
    return 0, []


def _of_word(found: Sequence[Word], at: int) -> tuple[int, list[Setting]]:
    word = found[at]
    device = _DEV_TCP.search(word.text)
    if device is not None:
        port = _port(device[3])
        return 1, [_setting("host", word._replace(text=device[2]))._replace(is_host=True, port=port)]
    assignment = _ASSIGNMENT.match(word.text)
    if assignment is not None and "://" not in assignment[0]:
        name = assignment[0].removesuffix("=").lstrip("-")
        return 1, [_setting(name, word._replace(text=word.text[assignment.end() :].strip(_QUOTES)))]
    following = found[at + 1] if at + 1 < len(found) else None
    if word.text.startswith("-") and following is not None and not following.text.startswith("-"):
        name = word.text.lstrip("-")
        if following.text not in _STOP and (setting_name(name).tells or setting_name(name).port_stem is not None):
            return 2, [_setting(name, following)]
    return 1, [_setting("", word)]


def _setting(name: str, word: Word) -> Setting:
    return Setting(name, word.text, word.place, "", hidden=word.hidden)


def _port(text: str) -> int | None:
    text = text.strip(_QUOTES)
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= 65535 and len(text) <= 5 else None  # noqa: PLR2004 - ports
