"""How the server answers what is not HTTP, which never reaches the application."""

import orjson
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..api.wire.problems import malformed_request
from .security import HEADERS


class GuardedProtocol(H11Protocol):
    """uvicorn's protocol of h11, whose own answers are problems and carry the guarding headers too.

    uvicorn would prefer httptools where that is installed, but it takes headers of any length.
    """

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
