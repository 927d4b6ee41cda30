"""A socket that nobody may connect to."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket that listens on a port of its own."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        found.listen()
        found.setblocking(False)  # noqa: FBT003 - the name of the standard library's method
        yield found


def nobody_came(found: socket.socket) -> bool:
    """Whether nobody has connected."""
    time.sleep(0.05)
    try:
        found.accept()
    except BlockingIOError:
        return True
    return False
