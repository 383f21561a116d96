"""Do a job in a process of its own, for as long as its limits allow and somebody waits for it."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from anyio import CancelScope

from .child import Limits, RefusedError

COMMAND = [sys.executable, "-m", "gatescope.importers"]
STARTS_WITHIN = 60.0  # seconds, for Python and PyTorch on a busy machine
LONGEST_LINE = 1_000_000  # bytes: some hundred names of what a file holds
SECRETS = ("GATESCOPE_TOKEN",)  # which the process does not need


class TooMuchError(Exception):
    """A job that took more than its limits allow: ``limit`` says of what, "20 seconds"; ``what``, "seconds"."""

    def __init__(self, what: str, limit: str) -> None:
        super().__init__(limit)
        self.what, self.limit = what, limit


class EndedError(Exception):
    """A process that ended by itself, or said nothing of sense."""


class GoneError(Exception):
    """Nobody waits for the job any more."""


async def run(
    job: Mapping[str, Any], limits: Limits, locks: Sequence[int] = (), gone: "asyncio.Future[None] | None" = None
) -> AsyncGenerator[float]:
    """Do ``job``, as ``importers.__main__`` does it, in a child process: yield the share that is done.

    The process has ended when this has. It holds the descriptors ``locks``, in case that this process is killed.

    Raises RefusedError, TooMuchError or EndedError if the job came to no good end, OSError if a file could not be read
    or written, and GoneError once ``gone`` is done.
    """
    async with _child(locks) as child:
        assert child.stdin is not None  # noqa: S101  it is a pipe
        assert child.stdout is not None  # noqa: S101  it is a pipe
        child.stdin.write(json.dumps({**job, "limits": limits}).encode() + b"\n")
        with suppress(ConnectionError):  # it has ended, which is said below
            await child.stdin.drain()
        end = asyncio.get_running_loop().time() + STARTS_WITHIN
        while True:
            line = await _line(child.stdout, gone or asyncio.Future(), end)
            if line is None:
                raise _out_of_time(limits)
            said = _parsed(line) if line else await _end(child, limits)
            if "saved" in said:
                return
            raise_if_failed(said, limits)
            if "done" in said:
                yield said["done"]
            else:
                end = asyncio.get_running_loop().time() + limits.seconds


def _parsed(line: bytes) -> Mapping[str, Any]:
    """Return what a line says. Raises EndedError if it says nothing: a file may have made the process say anything."""
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise EndedError("its answer cannot be read")
    return said


async def _end(child: Process, limits: Limits) -> Mapping[str, Any]:
    """Raise the error of a process that ended without an outcome."""
    code = await child.wait()
    if code == -signal.SIGXCPU:
        raise _out_of_time(limits)
    raise EndedError(f"signal {-code}" if code < 0 else f"exit status {code}")


def raise_if_failed(said: Mapping[str, Any], limits: Limits) -> None:
    """Raise the error that a line of a child tells, if it tells of one."""
    if "refused" in said:
        raise RefusedError(said["refused"], said.get("question", ""), said.get("choices", ()))
    if "memory" in said:
        raise TooMuchError("memory", f"{limits.memory / 1e9:.1f} GB of memory")
    if "unwritten" in said:
        raise OSError(None, said["unwritten"], said.get("file") or None)
    if "failed" in said:
        raise EndedError(said["failed"])


def _out_of_time(limits: Limits) -> TooMuchError:
    return TooMuchError("seconds", f"{limits.seconds:.0f} seconds")


async def _line(lines: asyncio.StreamReader, gone: "asyncio.Future[None]", end: float) -> bytes | None:
    """Return the next line, or None at the time ``end``. Raises GoneError once ``gone`` is done."""
    reading = asyncio.ensure_future(lines.readline())
    awaited: set[asyncio.Future[Any]] = {reading, gone}
    try:
        left = end - asyncio.get_running_loop().time()
        done, _ = await asyncio.wait(awaited, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if reading in done:
            try:
                return reading.result()
            except ValueError:  # it is longer than LONGEST_LINE
                return b"?"
        if gone in done:
            raise GoneError
        return None
    finally:
        reading.cancel()


@asynccontextmanager
async def _child(locks: Sequence[int]) -> AsyncIterator[Process]:
    """Start the process, and end it at the latest with this block."""
    environment = {name: value for name, value in os.environ.items() if name.upper() not in SECRETS}
    child = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        limit=LONGEST_LINE,
        pass_fds=locks,
        env={**environment, "OMP_NUM_THREADS": "1"},
        start_new_session=True,  # Ctrl-C at a terminal is for this process, which ends that one
    )
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        with CancelScope(shield=True):
            await child.wait()
