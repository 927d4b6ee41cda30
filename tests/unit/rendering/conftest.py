"""What tests of rendering share."""

import socket
from collections.abc import Iterator

import pytest

from listening import listening


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that nobody may connect to."""
    with listening() as found:
        yield found
