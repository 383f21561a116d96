"""Routes that bound a request before it is validated, as each of its fields that is wrong becomes an error object."""

import json
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any

import orjson
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from . import problems

MOST_FIELDS = 100
"""Of one object, or of a query; the call that takes most has a quarter of them."""
MOST_NESTED = 200  # lists and objects that orjson reads, which could all be in one another
SMALL = 16_384  # bytes: what is parsed in the event loop, in less than a millisecond


class _TooManyFieldsError(Exception):
    """An object has more than ``MOST_FIELDS``."""


class _Request(Request):
    """A request whose body is parsed once, in a thread if it is large."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            body = await self.body()
            self._json = parsed(body) if len(body) <= SMALL else await run_sync(parsed, body, limiter=_one_at_a_time())
        return self._json


@cache
def _one_at_a_time() -> CapacityLimiter:
    """Return what lets one large body be parsed at a time: no other thread runs while that is done."""
    return CapacityLimiter(1)


class BoundedRoute(APIRoute):
    """A route that refuses a body or a query with more than ``MOST_FIELDS`` fields in one place."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            fields = request.scope["query_string"].count(b"&") + 1
            if fields > MOST_FIELDS:
                raise problems.invalid_request("query", f"has {fields:,} fields; send up to {MOST_FIELDS}")
            request = _Request(request.scope, request.receive)
            try:
                return await answer(request)
            except Exception as error:
                if isinstance(error.__cause__, _TooManyFieldsError):  # the framework has made a 400 of it
                    raise problems.invalid_request("body", str(error.__cause__)) from None
                raise

        return bounded


def parsed(body: bytes) -> Any:
    """Return JSON as Python has it. Raises ValueError, or RecursionError, if it is not JSON or nested too deeply."""
    if body.count(b"[") + body.count(b"{") > MOST_NESTED:
        content = json.loads(body)  # refuses what is nested more deeply than Python's own functions can follow
    else:
        try:
            content = orjson.loads(body)
        except ValueError:  # or what orjson refuses and Python takes, such as NaN, which is refused by its field
            content = json.loads(body)
    for held in (content, *content.values()) if isinstance(content, dict) else (content,):
        for each in held if isinstance(held, list) else (held,):
            if isinstance(each, dict) and len(each) > MOST_FIELDS:
                raise _TooManyFieldsError(f"has an object of {len(each):,} fields; send up to {MOST_FIELDS}")
    return content
