"""Text of a repository made fit to print: it is hostile."""

import re

_LONGEST_NAME = 300
_LONGEST_PATCH = 6000
_FIRST_BYTE, _LAST_BYTE, _BYTES = 0xDC80, 0xDCFF, 0xDC00
"""Surrogates that stand for bytes which are not UTF-8 (PEP 383)."""

_ZERO_WIDTH_SPACE = "\u200b"
_MARKUP = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "$": "&#36;",
        "@": "@" + _ZERO_WIDTH_SPACE,
        "#": "#" + _ZERO_WIDTH_SPACE,
    }
    | {c: "\\" + c for c in "\\`*_[]~|!"}
)


def printable(text: str) -> str:
    """One line without control characters: a file name or message cannot move the cursor or start a command."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def valid_unicode(text: str) -> str:
    r"""The text with bytes that were not UTF-8 (kept as surrogates) as `\xNN`, other lone surrogates as `\uNNNN`."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", lambda found: _surrogate(found[0]), text)
    return text


def _surrogate(char: str) -> str:
    code = ord(char)
    return f"\\x{code - _BYTES:02x}" if _FIRST_BYTE <= code <= _LAST_BYTE else f"\\u{code:04x}"


def valid_json(text: str) -> str:
    """A JSON text whose strings hold surrogates, made fit to be encoded: each becomes what `valid_unicode` gives."""
    if text.isascii():
        return text
    return re.sub("[\ud800-\udfff]", lambda found: "\\" + _surrogate(found[0]), text)


def printable_unicode(text: str) -> str:
    """As `printable`, and fit to be encoded."""
    return printable(valid_unicode(text))


def percent_encoded(path: str) -> str:
    """A path as it stands in a URI: its bytes, all but the unreserved characters and `/` percent-encoded."""
    from urllib.parse import quote_from_bytes  # noqa: PLC0415 - costs start-up time, and few formats need it

    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = path.encode("utf-8", "surrogatepass")
    return quote_from_bytes(raw)


def cut(text: str, most: int) -> str:
    """The text, or its beginning with an ellipsis where it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def fenced(text: str) -> tuple[str, str]:
    """A fence for Markdown and a diff that cannot close it; a long one is cut."""
    diff = cut(valid_unicode(text).rstrip("\n"), _LONGEST_PATCH)
    return "`" * max(3, 1 + max((len(run) for run in re.findall("`+", diff)), default=0)), diff


def markdown_text(text: str, most: int = _LONGEST_NAME) -> str:
    """One line of GitHub-flavoured Markdown that shows the text as it is, also within a table.

    It opens no markup and no HTML; what stands between two backticks becomes code. GitHub makes mentions, issue
    references and links of rendered text, so escapes do not stop them: a space of no width does.
    """
    parts = cut(printable_unicode(text), most).split("`")
    if len(parts) % 2 == 0:
        return _prose("`".join(parts))
    return "".join(markdown_code(part) if number % 2 else _prose(part) for number, part in enumerate(parts))


def summary_html(text: str, most: int = _LONGEST_NAME) -> str:
    """The text as the inside of a `<summary>`, where GitHub reads HTML and no Markdown; code spans become `<code>`."""
    parts = cut(printable_unicode(text), most).split("`")
    if len(parts) % 2 == 0:
        parts = ["`".join(parts)]
    return "".join(f"<code>{_html(part)}</code>" if n % 2 else _html(_inert(part)) for n, part in enumerate(parts))


def _html(text: str) -> str:
    from html import escape  # noqa: PLC0415 - a table of all entities, which few texts need

    return escape(text)


def _inert(text: str) -> str:
    """The text without anything that GitHub makes a mention, a reference or a link of."""
    shown = re.sub("([@#:])(?=[^ ])", rf"\1{_ZERO_WIDTH_SPACE}", text)
    return re.sub(r"(?i)\b(www|gh)(?=[.-])", rf"\1{_ZERO_WIDTH_SPACE}", shown)


def _prose(text: str) -> str:
    shown = text.translate(_MARKUP)
    shown = shown.replace("://", f":{_ZERO_WIDTH_SPACE}//")
    return re.sub(r"(?i)\b(www|gh)(?=[.-])", rf"\1{_ZERO_WIDTH_SPACE}", shown)


def markdown_code(text: str, most: int = _LONGEST_NAME) -> str:
    """A code span that shows the text as it is, also within a table; GitHub links and mentions nothing in one."""
    shown = cut(printable_unicode(text), most)
    if not shown.strip():
        return "(blank)"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if longest or shown != shown.strip() else ""
    return f"{fence}{padding}{shown}{padding}{fence}".replace("|", "\\|")
