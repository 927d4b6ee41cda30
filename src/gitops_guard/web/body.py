"""Bodies of answers, read and decoded within bounds."""

import zlib
from typing import Protocol

from urllib3 import BaseHTTPResponse

from gitops_guard.web.trouble import BrokenError, WebError

_PIECE = 32 * 1024
_GZIP = 31  # zlib: the largest window, in gzip's framing
_MAX_MEMBERS = 16


class _Decoder(Protocol):
    def decode(self, data: bytes, room: int) -> bytes:
        """Decodes the next bytes, to hardly more than `room`."""

    def is_complete(self) -> bool:
        """Whether the encoded data may end here."""


class _Identity:
    def decode(self, data: bytes, room: int) -> bytes:
        del room
        return data

    def is_complete(self) -> bool:
        return True


class _Gunzip:
    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._members = 0

    def decode(self, data: bytes, room: int) -> bytes:
        decoded = bytearray()
        while data and len(decoded) <= room:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
                self._members += 1
            if self._members > _MAX_MEMBERS:
                raise zlib.error
            decoded += self._member.decompress(data, room + 1 - len(decoded))
            data = self._member.unconsumed_tail or self._member.unused_data
        return bytes(decoded)

    def is_complete(self) -> bool:
        return self._member.eof


def read_body(response: BaseHTTPResponse, limit: int, host: str) -> bytes:
    """Reads a body to its end.

    Args:
        response: an answer whose body was not read.
        limit: bytes that it may have, encoded and decoded.
        host: for messages.

    Raises:
        WebError: it is larger (`too-large`), cut short or not encoded as said (`content`).
    """
    too_large = WebError("too-large", f"the answer of {host} is larger than {limit} bytes")
    if (response.length_remaining or 0) > limit:
        raise too_large
    decoder = _decoder(response.headers.get("content-encoding", ""), host)
    decoded, encoded = bytearray(), 0
    for piece in response.stream(_PIECE, decode_content=False):
        encoded += len(piece)
        decoded += _decoded(decoder, piece, limit - len(decoded), host)
        if max(encoded, len(decoded)) > limit:
            raise too_large
    if encoded and not decoder.is_complete():
        raise BrokenError("content", f"the answer of {host} ends early", sent=True)
    return bytes(decoded)


def _decoder(encoding: str, host: str) -> _Decoder:
    match encoding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Gunzip()
    raise WebError("content", f"the answer of {host} is encoded in a way that was not asked for")


def _decoded(decoder: _Decoder, piece: bytes, room: int, host: str) -> bytes:
    try:
        return decoder.decode(piece, room)
    except zlib.error:
        raise WebError("content", f"the answer of {host} is not the gzip that it says it is") from None
