"""JSON pointers (RFC 6901), as JSON patches name places."""


def decoded(pointer: str) -> tuple[str, ...]:
    """The keys of a pointer."""
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:])


def encoded(keys: tuple[str | int, ...]) -> str:
    """The pointer of keys."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)
