"""What never reaches the application: bytes that are not HTTP, and connections that do not send a request."""

import asyncio

import orjson
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..api.wire.problems import malformed_request
from .security import HEADERS

HEADERS_WITHIN = 10.0  # seconds, for a client to send the head of a request
MOST_CONNECTIONS = 1000  # of a worker; each takes some tens of kilobytes


class GuardedProtocol(H11Protocol):
    """uvicorn's protocol of h11, whose own answers are problems and carry the guarding headers too.

    It closes a connection on which the head of a request does not come in time, and refuses connections beyond
    ``MOST_CONNECTIONS``. uvicorn would prefer httptools where that is installed, but it takes headers of any length.
    """

    _deadline: asyncio.TimerHandle | None = None

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
