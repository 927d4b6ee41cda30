"""Text of a repository made fit to print: it is hostile."""


def printable(text: str) -> str:
    """One line without control characters: a file name or message cannot move the cursor or start a command."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def valid_unicode(text: str) -> str:
    r"""The text with bytes that were not UTF-8 (kept as surrogates) written as `\xNN`."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
