"""The content security policy of a page that loads nothing: style and script are named by their hashes."""


def content_policy(style: str, script: str = "") -> str:
    """The value of the header or meta element; without a script, none may run."""
    scripts = f" script-src {_hash(script)};" if script else ""
    return f"default-src 'none'; style-src {_hash(style)};{scripts} base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    from base64 import b64encode  # noqa: PLC0415 - only pages need it
    from hashlib import sha256  # noqa: PLC0415

    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
