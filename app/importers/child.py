"""Import a file in a process of its own, which may fail, hang or take too much, and harms no other.

It reads a job as one line of JSON from its standard input, and writes lines of JSON to its standard output: ``{}`` once
it has begun, then the share that is done, and last the outcome. It ends when its input does, so that it never outlives
the process that began it: see ``process``.
"""

import json
import os
import resource
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

SECONDS, SECONDS_PER_BYTE = 20, 2e-7  # that an import may take, once Python and PyTorch are there
# Bytes that the process may allocate. PyTorch takes a third of the first. The weights are there three times: as
# in the file, in our order, and in float64 or in another order; later in the model, and twice where it is saved. Keras,
# whose layers hold and copy them as well, takes most.
MEMORY, MEMORY_PER_BYTE = 1_000_000_000, 5
_PARENT_TIMES_OUT = 10  # seconds: who began the process counts real time, and ends it before this limit does

Tell = Callable[[float], None]
"""Is told the share of the work that is done."""
Do = Callable[[Mapping[str, Any], Tell], None]
"""What does a job. Raises RefusedError, and OSError where something cannot be written."""


class RefusedError(Exception):
    """A file that cannot be imported, and the question whose answer would help, if there is one."""

    def __init__(self, reason: str, question: str = "", choices: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.question, self.choices = question, choices


class Limits(NamedTuple):
    """What an import may take: more for a large file, whose weights are compared in float64."""

    seconds: float
    memory: int  # bytes

    @classmethod
    def of(cls, path: Path) -> "Limits":
        """Return the limits for a file, or for the files of a folder. Raises OSError if it cannot be looked at."""
        files = (each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
        size = sum(each.stat().st_size for each in files)
        return cls(SECONDS + SECONDS_PER_BYTE * size, MEMORY + MEMORY_PER_BYTE * size)


def limit(limits: Limits) -> None:
    """Bound what this process may take. What PyTorch has mapped from its files does not count."""
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    seconds = int(used + limits.seconds) + _PARENT_TIMES_OUT
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(do: Do) -> NoReturn:
    """Do one job, and say what became of it."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is not an answer

    def write(line: Mapping[str, Any]) -> None:
        lines.write(json.dumps(line) + "\n")
        lines.flush()

    job = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    limit(Limits(*job["limits"]))
    write({})
    write(outcome(do, job, lambda done: write({"done": done})))
    os._exit(0)  # all is written, and PyTorch takes a while to tidy up


def outcome(do: Do, job: Mapping[str, Any], tell: Tell) -> Mapping[str, Any]:
    """Do ``job``, and return what became of it: ``saved``, or ``refused`` and the like, with the reason."""
    try:
        do(job, tell)
    except RefusedError as error:
        return {"refused": str(error), "question": error.question, "choices": error.choices}
    except Exception as error:
        if is_out_of_memory(error):
            return {"memory": True}
        if isinstance(error, OSError):
            return {"unwritten": error.strerror or type(error).__name__, "file": str(error.filename or "")}
        place = traceback.extract_tb(error.__traceback__)[-1]
        return {"failed": f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"}
    return {"saved": True}


def is_out_of_memory(error: Exception) -> bool:
    """Return whether ``error`` says that memory could not be allocated: PyTorch has no class for that."""
    return isinstance(error, MemoryError) or "allocate memory" in str(error)


def _end_with_the_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)
