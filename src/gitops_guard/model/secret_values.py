"""What looks like a secret. Pure: names and values in, the kind of secret out; never the value itself.

A name alone decides nothing. References, paths and placeholders are no secrets; a default password such as `changeme`
is one: it opens the door as soon as the manifest is applied, and everybody knows it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from math import log2
from typing import NamedTuple

from gitops_guard.text import Span


class Credential(NamedTuple):
    """A text that has the form of a known kind of credential; `kind` holds none of it."""

    kind: str
    span: Span


_PRIVATE_KEY = (
    r"-----BEGIN (?:[A-Z0-9]{2,9} ){0,2}PRIVATE KEY-----(?:\s|\\n|[\"'+,>|]){1,40}"
    r"(?:Proc-Type[^\n]{0,80}\s{1,40}DEK-Info[^\n]{0,80}\s{1,40})?[A-Za-z0-9+/=]{32,}"
)
_PATTERNS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("aws-access-key", ("AKIA", "ASIA"), r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    ("github-token", ("ghp_", "gho_", "ghs_", "ghu_", "ghr_"), r"\bgh[pousr]_[A-Za-z0-9]{36,255}(?![A-Za-z0-9_])"),
    ("github-token", ("github_pat_",), r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?![A-Za-z0-9_])"),
    ("gitlab-token", ("glpat-",), r"\bglpat-[A-Za-z0-9_-]{20,64}(?![A-Za-z0-9_-])"),
    ("slack-token", ("xox",), r"\bxox[bpas]-[0-9]{8,14}-[0-9A-Za-z-]{16,80}"),
    (
        "slack-webhook",
        ("hooks.slack.com/services/T",),
        r"hooks\.slack\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/\w{24}",
    ),
    ("stripe-key", ("k_live_",), r"\b[rs]k_live_[A-Za-z0-9]{24,99}(?![A-Za-z0-9])"),
    ("google-api-key", ("AIza",), r"(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    ("npm-token", ("npm_",), r"\bnpm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    ("pypi-token", ("pypi-AgEIcHlwaS5vcmc",), r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,500}"),
    ("sendgrid-key", ("SG.",), r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"),
    ("anthropic-key", ("sk-ant-",), r"\bsk-ant-[a-z0-9]{3,8}-[A-Za-z0-9_-]{60,200}"),
    ("docker-token", ("dckr_pat_",), r"\bdckr_pat_[A-Za-z0-9_-]{27}(?![A-Za-z0-9_-])"),
    ("vault-token", ("hvs.",), r"\bhvs\.[A-Za-z0-9_-]{24,200}"),
    ("digitalocean-token", ("dop_v1_",), r"\bdop_v1_[0-9a-f]{64}(?![0-9a-f])"),
    ("azure-storage-key", ("AccountKey=",), r"AccountKey=[A-Za-z0-9+/]{86}=="),
    ("age-secret-key", ("AGE-SECRET-KEY-1",), r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    ("private-key", ("PRIVATE KEY-----",), _PRIVATE_KEY),
)
_END_OF_KEY = "-----END "
_KEY_LIMIT = 20_000
_SHORTEST = 20
"""Characters: an access key of AWS."""


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, compiled when it is first wanted: most runs meet few of them."""
    return re.compile(pattern)


def credentials(text: str) -> Iterator[Credential]:
    """Every text with the unmistakable form of a credential. Examples from documentation are left out."""
    if len(text) < _SHORTEST:
        return
    for kind, literals, pattern in _PATTERNS:
        for literal in literals:
            if literal in text:
                break
        else:
            continue
        for match in compiled(pattern).finditer(text):
            if not _is_dummy(match[0]):
                yield Credential(kind, _whole(text, kind, match.start(), match.end()))


def _whole(text: str, kind: str, start: int, end: int) -> Span:
    if kind == "private-key":
        close = text.find(_END_OF_KEY, end, end + _KEY_LIMIT)
        return Span(start, end if close < 0 else close)
    return Span(start, end)


def _is_dummy(secret: str) -> bool:
    lowered = secret.lower()
    body = secret.rpartition("_")[2].rpartition("-")[2]
    return "example" in lowered or "xxxxxx" in lowered or "000000" in secret or len(set(body)) < _FEW


_FEW = 6
_REFERENCE = (
    r"\$\(|\$\{|\$\w+$|\{\{|\{%|<%|%\(|@\w+@$|%%|ENC\[|file:|/(?!/)[\w.-]+(?:/|$)|\.\.?/|<[^>]*>$|vault:|"
    r"[a-z+]{3,12}:secret|ref\+|op://|sm://|ssm:|arn:|secretref:|k8s:|projects/[^/]+/secrets/|AQICAH"
)
_PLACEHOLDER = (
    r"(?i)[x*.\-_?#]{3,}|(?:your|insert|enter|put|replace|fill)[-_ ]?.*(?:pass|password|token|secret|key|here)|"
    r"replace[-_ ]?(?:me|this|with.*)|todo|tbd|fixme|placeholder.*|redacted|hidden|masked|dummy.*|none|null|nil|n/a|"
    r"string|required|optional|text|object|undefined|unset|empty|unused|example|\[.*\]|<.*>"
)
_WEAK = (
    r"(?i)change[-_ ]?(?:me|it|this).*|(?:my)?(?:super)?(?:secret|pass(?:word)?|pw)\d{0,4}!?|"
    r"p[a@][s$]{2}w[o0]rd\d{0,4}!?|admin\d{0,4}|root\d{0,4}|test\d{0,4}|guest|default|qwerty|letmein|\d{1,8}"
)
_NAME_WORD = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+"
_PASSWORDS = frozenset(("password", "passwd", "passphrase", "pwd", "pass", "passcode", "userpassword"))
_RUN_TOGETHER = ("password", "passwd", "passphrase")
_TOKENS = frozenset(("token", "secret", "apikey", "apitoken", "credential", "credentials", "secretkey", "authtoken"))
_BEFORE_KEY = frozenset(
    (
        "api",
        "access",
        "secret",
        "private",
        "encryption",
        "signing",
        "auth",
        "license",
        "master",
        "app",
        "account",
        "jwt",
    )
)
_USER_INFO = r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@?#'\"]{0,128}:([^\s/@'\"]{1,128})@[\w.\[$({-]"
_WORD = r"[a-z]+\d{0,2}|[A-Z][a-z]*\d{0,2}|[A-Z]+|\d{1,4}|v\d+(?:alpha|beta)?\d*"
_MIN_PASSWORD = 3
_MIN_TOKEN = 16
_MAX_VALUE = 512
_RANDOM_BITS = 3.2
_HEX = r"[0-9a-fA-F]{32,}"


def secret_kind(name: str, value: str) -> str:
    """What kind of secret a value under a name is, in words for people; empty if it is none or cannot be told."""
    value = value.strip()
    if len(value) < _MIN_PASSWORD or is_reference(value):
        return ""
    found = next(credentials(value), None)
    if found is not None:
        return found.kind.replace("-", " ")
    if url_password(value) is not None:
        return "URL with a password"
    if len(value) > _MAX_VALUE or any(c.isspace() for c in value) or "://" in value:
        return ""
    return _by_name(_sensitive(name), value)


def _by_name(wanted: str, value: str) -> str:
    if (
        not wanted
        or value.lower() in {"true", "false", "yes", "no", "on", "off"}
        or compiled(_PLACEHOLDER).fullmatch(value)
    ):
        return ""
    if wanted == "password":
        return "weak password" if compiled(_WEAK).fullmatch(value) else "password"
    return wanted if looks_random(value) else ""


def is_reference(value: str) -> bool:
    """Whether a value only says where the secret is: a variable, a template, a path, an encrypted or sealed text."""
    return compiled(_REFERENCE).match(value) is not None


def is_placeholder(value: str) -> bool:
    """Whether a value is there to be replaced before use."""
    return compiled(_PLACEHOLDER).fullmatch(value.strip()) is not None


def url_password(value: str) -> Span | None:
    """Where in a text the password of a URL stands, if it is written out."""
    if "://" not in value:
        return None
    for match in compiled(_USER_INFO).finditer(value):
        password = match[1]
        if not is_reference(password) and "$" not in password and "{" not in password and not is_placeholder(password):
            return Span(*match.span(1))
    return None


def _sensitive(name: str) -> str:
    words = [word.lower() for word in compiled(_NAME_WORD).findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    if not words:
        return ""
    last = words[-1]
    if last in _PASSWORDS or last.endswith(_RUN_TOGETHER):
        return "password"
    if last in _TOKENS:
        return "token"
    if last == "key" and len(words) > 1 and words[-2] in _BEFORE_KEY:
        return "key"
    return ""


def looks_random(value: str) -> bool:
    """Whether a value looks generated: long, of mixed characters, and not words joined by marks."""
    if compiled(_HEX).fullmatch(value):
        return len(set(value.lower())) >= _FEW
    if len(value) < _MIN_TOKEN or all(
        compiled(_WORD).fullmatch(part) for part in re.split(r"[-_./:,@=]", value) if part
    ):
        return False
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return mixed and _bits(value) >= _RANDOM_BITS


def _bits(value: str) -> float:
    total = len(value)
    return -sum(count / total * log2(count / total) for count in Counter(value).values())


_SHORT = 8
_MIDDLE = 20


def length_class(value: str) -> str:
    """How long a secret is, coarsely: an exact length helps to guess it."""
    length = len(value)
    return "short" if length < _SHORT else "of middle length" if length < _MIDDLE else "long"
