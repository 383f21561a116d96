"""What is noted of every request: an id, a line in the log, and a count; and the answer to what nobody caught.

Nothing noted holds what a person typed: a request is named by its route, never by its path or its query.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPMethod
from secrets import token_hex
from time import perf_counter

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..api.wire import problems

logger = logging.getLogger(__name__)

REQUEST_ID = "X-Request-ID"
OTHER = "other"  # the label of all routes that do not exist, and of all methods that HTTP does not define
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds: logged at the level debug

_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LEFT = 499  # as nginx logs a client that left before its answer


@dataclass(frozen=True)
class Outcome:
    """One request and how it was answered."""

    request: Request
    method: str
    route: str
    status: int
    headers: Headers  # of the answer
    seconds: float  # until the answer was sent as a whole


class Requests:
    """Give each request an id, taken over from ``X-Request-ID`` if that is a short token, and note what became of it.

    ``route_of`` names the route of a request; ``count`` is called with each outcome.
    """

    def __init__(self, app: ASGIApp, route_of: Callable[[Scope], str], count: Callable[[Outcome], None]) -> None:
        self.app, self.route_of, self.count = app, route_of, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, request = perf_counter(), Request(scope)
        route = self.route_of(scope)  # before it is routed: a mount changes the scope
        given = request.headers.get(REQUEST_ID, "")
        request_id = given if _TOKEN.fullmatch(given) else token_hex(8)
        id_header = (REQUEST_ID.lower().encode(), request_id.encode())
        status, headers = 0, Headers()

        async def send_with_id(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), id_header]}
                status, headers = message["status"], Headers(raw=message["headers"])
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            # No exception goes on to the server, which would log its message, and that may quote a text.
            logger.exception("the request %s failed", request_id, extra={"fields": {"request_id": request_id}})
            if not status:
                await problems.answer(problems.internal_error(request_id), scope, receive, send_with_id)
            # Otherwise the server notices that the answer is incomplete, and closes the connection.
        finally:
            method = scope["method"] if scope["method"] in HTTPMethod.__members__ else OTHER
            seconds = perf_counter() - start
            outcome = Outcome(request, method, route, status or _LEFT, headers, seconds)
            self.count(outcome)
            _log(outcome, request_id)


def _log(outcome: Outcome, request_id: str) -> None:
    fields = {
        "method": outcome.method,
        "route": outcome.route,
        "status": outcome.status,
        "seconds": round(outcome.seconds, 6),
        "request_id": request_id,
    }
    level = logging.DEBUG if outcome.route in PROBES and outcome.status < 400 else logging.INFO
    message = "%(method)s %(route)s %(status)d in %(seconds).4f s, request %(request_id)s"
    logger.log(level, message, fields, extra={"fields": fields})
