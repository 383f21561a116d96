"""Run an import in a process of its own, for as long as its client waits and its limits allow."""

import asyncio
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from anyio import CancelScope
from fastapi_problem.error import Problem
from starlette.requests import ClientDisconnect, Request

from ...importers.child import Limits
from .problems import import_failed, import_refused, not_written, out_of_memory, out_of_time

logger = logging.getLogger(__name__)

COMMAND = [sys.executable, "-m", "gatescope.importers"]
STARTS_WITHIN = 60.0  # seconds, for Python and PyTorch on a busy machine
LONGEST_LINE = 1_000_000  # bytes: some hundred names of what a file holds
SECRETS = ("GATESCOPE_TOKEN",)  # which the process does not need


async def run(request: Request, job: Mapping[str, Any], limits: Limits, lock: int) -> AsyncGenerator[float]:
    """Do ``job`` in a child process: yield the share that is done.

    Raises a problem if the import is refused, fails, or takes too much, and ClientDisconnect if the client goes. The
    process has ended when this has. It holds ``lock``, in case that this process is killed.
    """
    async with _child(lock) as child, _gone(request) as gone:
        assert child.stdin is not None  # noqa: S101  it is a pipe
        assert child.stdout is not None  # noqa: S101  it is a pipe
        child.stdin.write(json.dumps(job).encode() + b"\n")
        with suppress(ConnectionError):  # it has ended, which is said below
            await child.stdin.drain()
        end = asyncio.get_running_loop().time() + STARTS_WITHIN
        while True:
            line = await _line(child.stdout, gone, end)
            if line is None:
                raise out_of_time(limits)
            if not line:
                code = await child.wait()
                if code == -signal.SIGXCPU:
                    raise out_of_time(limits)
                raise import_failed(f"signal {-code}" if code < 0 else f"exit status {code}")
            said = _parsed(line)
            if "saved" in said:
                return
            if problem := problem_of(said, limits):
                raise problem
            if "done" in said:
                yield said["done"]
            else:
                end = asyncio.get_running_loop().time() + limits.seconds


def _parsed(line: bytes) -> Mapping[str, Any]:
    """Return what a line says. Raises a problem if it says nothing: the file may have made the process say anything."""
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise import_failed("its answer cannot be read")
    return said


def problem_of(said: Mapping[str, Any], limits: Limits) -> Problem | None:
    """Return the problem that a line of a child tells; None if it tells of none."""
    if "refused" in said:
        return import_refused(said["refused"], said.get("question", ""), said.get("choices", ()))
    if "memory" in said:
        return out_of_memory(limits)
    if "unwritten" in said:
        return not_written(said["unwritten"])
    if "failed" in said:
        logger.error("an import failed: %s", said["failed"])
        return import_failed(said["failed"])
    return None


async def _line(lines: asyncio.StreamReader, gone: "asyncio.Task[None]", end: float) -> bytes | None:
    """Return the next line, or None at the time ``end``. Raises ClientDisconnect once the client has gone."""
    reading = asyncio.ensure_future(lines.readline())
    try:
        left = end - asyncio.get_running_loop().time()
        done, _ = await asyncio.wait({reading, gone}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if reading in done:
            try:
                return reading.result()
            except ValueError:  # it is longer than LONGEST_LINE
                return b"?"
        if gone in done:
            raise ClientDisconnect
        return None
    finally:
        reading.cancel()


@asynccontextmanager
async def _child(lock: int) -> AsyncIterator[Process]:
    """Start the process, and end it at the latest with this block."""
    environment = {name: value for name, value in os.environ.items() if name.upper() not in SECRETS}
    child = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        limit=LONGEST_LINE,
        pass_fds=[lock],
        env={**environment, "OMP_NUM_THREADS": "1"},
        start_new_session=True,  # Ctrl-C at a terminal is for the server, which ends this one
    )
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        with CancelScope(shield=True):
            await child.wait()


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
