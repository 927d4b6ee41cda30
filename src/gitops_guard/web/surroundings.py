"""What requests take from the machine: names, connections, time and chance. Tests give their own."""

import random
import socket
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

SocketAddress = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
Resolved = tuple[int, int, int, str, SocketAddress]
"""Family, type, protocol, canonical name and address, as `socket.getaddrinfo` gives them."""

Resolver = Callable[[str, int, int, int], Sequence[Resolved]]
"""Host, port, family (0: any) and type to addresses."""

Connect = Callable[[socket.socket, SocketAddress], None]


def connect(connection: socket.socket, address: SocketAddress) -> None:
    """Connects a socket."""
    connection.connect(address)


class Surroundings(NamedTuple):
    """`now` is the time of day in seconds since 1970, `clock` never goes back, `chance` is between 0 and 1."""

    resolve: Resolver = socket.getaddrinfo
    connect: Connect = connect
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
