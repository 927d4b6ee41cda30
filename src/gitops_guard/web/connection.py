"""Connections to the very addresses that were checked, on sockets that keep to the pace of their request."""

import queue
import socket
import ssl
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitops_guard.web.address import HostNames, check_address
from gitops_guard.web.budget import Pace
from gitops_guard.web.surroundings import Resolved, Surroundings
from gitops_guard.web.trouble import BrokenError, WebError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_MAX_ADDRESSES = 4


class PacedSocket(socket.socket):
    """A socket that never waits longer than its thread's request may."""

    pace: Pace

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        """Reads, as `socket.recv_into`."""
        self.settimeout(self.pace.patience())
        try:
            count = super().recv_into(buffer, nbytes, flags)
        except TimeoutError:
            raise self.pace.timed_out() from None
        self.pace.received(count)
        return count

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        """Writes, as `socket.sendall`."""
        self.settimeout(self.pace.patience())
        try:
            super().sendall(data, flags)
        except TimeoutError:
            raise self.pace.timed_out() from None


class PacedContext(ssl.SSLContext):
    """A TLS client context whose sockets keep the pace too."""

    pace: Pace


class PacedTlsSocket(ssl.SSLSocket):
    """The same over TLS."""

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        """Reads, as `ssl.SSLSocket.recv_into`."""
        pace = self._pace()
        self.settimeout(pace.patience())
        try:
            count = super().recv_into(buffer, nbytes, flags)
        except TimeoutError:
            raise pace.timed_out() from None
        pace.received(count)
        return count

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
        """Writes, as `ssl.SSLSocket.send`; `sendall` calls it."""
        pace = self._pace()
        self.settimeout(pace.patience())
        try:
            return super().send(data, flags)
        except TimeoutError:
            raise pace.timed_out() from None

    def _pace(self) -> Pace:
        context = self.context
        if not isinstance(context, PacedContext):
            raise TypeError("a paced socket was made by another context")
        return context.pace


class Dialler:
    """Opens connections.

    Args:
        pace: what the request of a thread may take.
        surroundings: names and connections.
        private: hosts that may lie at loopback, link-local and private addresses.
    """

    def __init__(self, pace: Pace, surroundings: Surroundings, private: HostNames) -> None:
        self._pace = pace
        self._surroundings = surroundings
        self._private = private

    def open(self, host: str, port: int) -> socket.socket:
        """Connects to a host whose every address was checked: the name is resolved once.

        Raises:
            WebError: it has no address, or one that it may not have, or no connection came about.
        """
        found = self._resolved(host, port)
        allowed = self._private.hold(host, port)
        for resolved in found:
            check_address(host, str(resolved[4][0]), allowed=allowed)
        return self._first(host, found)

    def open_proxy(self, host: str, port: int) -> socket.socket:
        """Connects to a proxy, which whoever runs this program chose: it may lie anywhere.

        Raises:
            WebError: no connection came about.
        """
        return self._first(host, self._resolved(host, port))

    def _resolved(self, host: str, port: int) -> Sequence[Resolved]:
        # getaddrinfo knows no time-out: it is left behind in its thread.
        answers: queue.SimpleQueue[Sequence[Resolved] | Exception] = queue.SimpleQueue()

        def resolve() -> None:
            try:
                answers.put(self._surroundings.resolve(host, port, 0, socket.SOCK_STREAM))
            except Exception as error:  # noqa: BLE001 - handed over to the thread that asked
                answers.put(error)

        threading.Thread(target=resolve, name="resolve", daemon=True).start()
        try:
            found = answers.get(timeout=self._pace.connecting())
        except queue.Empty:
            raise self._pace.timed_out() from None
        if isinstance(found, OSError | UnicodeError) or not found:
            raise WebError("dns", f"{host} has no address that this machine can find out")
        if isinstance(found, Exception):
            raise found
        return found

    def _first(self, host: str, found: Sequence[Resolved]) -> socket.socket:
        end = self._surroundings.clock() + self._pace.connecting()
        last: OSError | None = None
        tried = found[:_MAX_ADDRESSES]
        for position, resolved in enumerate(tried):
            # A dead first address leaves time for the others.
            seconds = (end - self._surroundings.clock()) / (len(tried) - position)
            try:
                return self._connected(resolved, max(0.001, min(seconds, self._pace.connecting())))
            except OSError as error:
                last = error
        if isinstance(last, TimeoutError):
            raise self._pace.timed_out()
        reason = "" if last is None or not last.strerror else f": {last.strerror.lower()}"
        raise BrokenError("refused", f"{host} takes no connection{reason}", sent=False)

    def _connected(self, resolved: Resolved, seconds: float) -> socket.socket:
        family, kind, protocol, _, address = resolved
        connection = PacedSocket(family, kind, protocol)
        connection.pace = self._pace
        try:
            connection.settimeout(seconds)
            self._surroundings.connect(connection, address)
            connection.settimeout(self._pace.connecting())
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            connection.close()
            raise
        return connection
