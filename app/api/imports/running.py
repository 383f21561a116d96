"""Run an import in a process of its own, for as long as its client waits and its limits allow."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

from starlette.requests import ClientDisconnect, Request

from ...importers import process
from ...importers.child import Limits, RefusedError
from .problems import import_failed, import_refused, import_too_large

logger = logging.getLogger(__name__)


async def run(request: Request, job: Mapping[str, Any], limits: Limits, lock: int) -> AsyncGenerator[float]:
    """Do ``job`` in a child process, which holds ``lock``: yield the share that is done.

    Raises a problem if the import is refused, fails, or takes too much, OSError if a file cannot be written, and
    ClientDisconnect if the client goes. The process has ended when this has.
    """
    async with _gone(request) as gone:
        try:
            async with aclosing(process.run(job, limits, [lock], gone)) as progress:
                async for done in progress:
                    yield done
        except process.GoneError:
            raise ClientDisconnect from None
        except RefusedError as error:
            raise import_refused(str(error), error.question, error.choices) from None
        except process.TooMuchError as error:
            raise import_too_large(error.limit) from None
        except process.EndedError as error:
            logger.error("an import failed: %s", error)
            raise import_failed(str(error)) from None


@asynccontextmanager
async def _gone(request: Request) -> AsyncIterator["asyncio.Task[None]"]:
    """Give a task that ends when the client of ``request`` goes."""

    async def wait() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    waiting = asyncio.create_task(wait())
    try:
        yield waiting
    finally:
        waiting.cancel()
