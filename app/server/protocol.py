"""What never reaches the application: bytes that are not HTTP, and connections that do not send a request."""

import asyncio
from typing import Any

import h11
import orjson
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..api.wire.problems import malformed_request
from .security import HEADERS

HEADERS_WITHIN = 10.0  # seconds, for a client to send the head of a request
MOST_CONNECTIONS = 1000  # of a worker; each takes some tens of kilobytes
MOST_HEAD = 65_536  # bytes of a target and header fields; h11 counts only what comes in several pieces


class StrictConnection(h11.Connection):
    """h11's reading of a connection, without what it lets pass and other servers read otherwise."""

    def next_event(self) -> Any:
        """Return the next event. Raises RemoteProtocolError for a request that must be refused."""
        event = super().next_event()
        if isinstance(event, h11.Request) and (reason := _reason_to_refuse(event)):
            raise h11.RemoteProtocolError(reason)
        return event


def _reason_to_refuse(request: h11.Request) -> str:
    """Return what is wrong with a request that h11 takes; empty if nothing is."""
    names = {name for name, _ in request.headers}
    if not request.http_version.startswith(b"1."):
        return "not a version of HTTP/1"
    if b"transfer-encoding" in names and (b"content-length" in names or request.http_version == b"1.0"):
        return "a body that may end in two places"  # request smuggling (RFC 9112, section 6.1)
    if len(request.target) + sum(len(name) + len(value) for name, value in request.headers) > MOST_HEAD:
        return "a head that is too long"
    return ""


class GuardedProtocol(H11Protocol):
    """uvicorn's protocol of h11, whose own answers are problems and carry the guarding headers too.

    It closes a connection on which the head of a request does not come in time, and refuses connections beyond
    ``MOST_CONNECTIONS``. uvicorn would prefer httptools where that is installed, but it takes headers of any length.
    """

    _deadline: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = StrictConnection(h11.SERVER, MOST_HEAD)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
            return
        self._expect_a_head()

    def data_received(self, data: bytes) -> None:
        """Take what a client sends; once the head of a request is complete, it is no longer awaited."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._expect_a_head()
        else:
            self._end_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._end_deadline()
        super().connection_lost(exc)

    def _expect_a_head(self) -> None:
        """Close the connection if no request has begun in time, counted from the first call."""
        if self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(HEADERS_WITHIN, self.transport.close)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's name
        """Refuse what cannot be read. uvicorn calls this with a sentence that says no more than that."""
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            body = orjson.dumps(malformed_request().marshal())
            headers = {
                **HEADERS,
                "Content-Type": "application/problem+json",
                "Content-Length": str(len(body)),
                "Connection": "close",
            }
            lines = ["HTTP/1.1 400 Bad Request", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
            self.transport.write("\r\n".join(lines).encode("ascii") + body)
        self.transport.close()
