"""Requests a second: a trace of 20 words over HTTP, beside an empty route of the same application and worker."""

import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import orjson
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import UNKNOWN, WordTokenizer
from gatescope.store.saving import save_model
from rich.progress import track

from .load import Address, Load, load
from .report import Goal, Section, Table

HIDDEN_SIZE, EMBEDDING_SIZE, WORDS, CONNECTIONS = 128, 128, 20, 8
GOALS = {"base64": 0.60, "numbers": 0.35}  # of the empty route's requests a second
REASONS = {  # measured once, in the worker's own process
    "base64": "In the process of the worker the empty route takes about 140 µs. The arithmetic of such a trace takes "
    "about 96 by itself, so that with nothing else at all 0.59 could be reached. FastAPI takes about 80 more to read "
    "the request, the tokens 40, the encoding 24, and Python around the trace 60.",
    "numbers": "The goal leaves about 400 µs in the process of the worker. The empty route takes about 140 of them, "
    "and orjson about 260 to write the 15,360 numbers, which is all.",
}
HELD_UP = " **A trace came faster than nothing: small answers are held up somewhere, and the ratios mean nothing.**"
LEXICON = ["".join(letters) for letters in product(*("bdfgklmnprst", "aeiou") * 2)]
ROOT = Path(__file__).parent.parent


def measure(rounds: int = 11, requests: int = 1000) -> dict[str, Any]:
    """Load every route in turn, ``requests`` each, and again, ``rounds`` times; weigh the worker after it."""
    texts = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        save_random_model(Path(folder))
        with worker(Path(folder)) as (process, address):
            runs: dict[str, list[Load]] = {route: [] for route in ROUTES}
            for request in ROUTES.values():
                load(address, [request(texts) for _ in range(requests)], CONNECTIONS)  # to warm up
            for _ in track(range(rounds), "service"):
                for route, request in ROUTES.items():
                    fresh = [request(texts) for _ in range(requests)]
                    runs[route].append(load(address, fresh, CONNECTIONS))
            memory = {"worker": resident(process.pid), "import torch": memory_of_torch()}
    return {"routes": [{"route": route, **summary(loads)} for route, loads in runs.items()], "memory": memory}


def get(_texts: random.Random) -> bytes:
    """A request of the empty route."""
    return b"GET /empty HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n"


def post(encoding: str) -> Callable[[random.Random], bytes]:
    """What makes requests of traces in ``encoding``, each of a text of its own."""

    def request(texts: random.Random) -> bytes:
        body = orjson.dumps({"text": " ".join(texts.choices(LEXICON, k=WORDS)), "encoding": encoding})
        head = (
            "POST /api/v1/models/random/traces HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    return request


ROUTES: dict[str, Callable[[random.Random], bytes]] = {"empty": get, **{name: post(name) for name in GOALS}}


def save_random_model(folder: Path, name: str = "random", hidden_size: int = HIDDEN_SIZE) -> None:
    """An LSTM of one layer that knows the words of the texts."""
    about = {"title": name, "task": "none", "description": "", "outputs": ["none"], "licence": "MIT"}
    config = NetworkConfig("lstm", len(LEXICON) + 1, EMBEDDING_SIZE, hidden_size, outputs=1)
    save_model(folder / name, Network(config), WordTokenizer([UNKNOWN, *LEXICON]), about)


@contextmanager
def worker(models: Path) -> Iterator[tuple[subprocess.Popen[str], Address]]:
    """A worker over the folder ``models``, and where it listens."""
    command = [sys.executable, "-m", "benchmarks.worker", "serve", "--port", "0", "--models", str(models)]
    quiet = {**os.environ, "GATESCOPE_LOG_LEVEL": "warning"}
    with subprocess.Popen(command, cwd=ROOT, env=quiet, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            told = re.search(r"http://([\d.]+):(\d+)/", process.stdout.readline())
            if not told:
                raise RuntimeError("the worker did not start: what it wrote to standard error says why")
            yield process, (told[1], int(told[2]))
        finally:
            process.terminate()


def resident(pid: int) -> int:
    """Bytes of memory that a process holds; Linux tells it in /proc."""
    results = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert results
    return 1024 * int(results[1])


def memory_of_torch() -> int:
    """Bytes of memory that a process holds which has done nothing but import torch."""
    command = [sys.executable, "-c", "import torch; print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        held = resident(process.pid)
        process.stdin.write("\n")
    return held


def summary(loads: list[Load]) -> dict[str, float]:
    """Medians over the runs of one route."""
    percentiles = [quantiles(each.latencies, n=100, method="inclusive") for each in loads]
    return {
        "requests_per_second": median(len(each.latencies) / each.seconds for each in loads),
        "p50": median(each[49] for each in percentiles),
        "p99": median(each[98] for each in percentiles),
        "bytes": loads[0].size,
    }


def section(results: dict[str, Any]) -> Section:
    """Present what ``measure`` returns."""
    routes, memory = {each["route"]: each for each in results["routes"]}, results["memory"]
    empty = routes["empty"]["requests_per_second"]
    is_held_up = empty < max(each["requests_per_second"] for each in routes.values())
    rows = [
        (
            route,
            each["requests_per_second"] / empty,
            each["requests_per_second"],
            1e3 * each["p50"],
            1e3 * each["p99"],
            each["bytes"],
        )
        for route, each in routes.items()
    ]
    return Section(
        "Service",
        f"POST of a text of {WORDS} words, another in every request, to an LSTM of one layer, H = {HIDDEN_SIZE}; every "
        f"activation, not compressed. {CONNECTIONS} connections kept alive, one worker, the load from a process of its "
        "own. `empty` is `async def empty() -> None` in the same application." + is_held_up * HELD_UP,
        [
            Table(("route", "requests / those of empty", "requests/s", "p50, ms", "p99, ms", "bytes"), rows),
            Table(
                ("process", "memory / that of `import torch`", "MB"),
                [(name, held / memory["import torch"], held / 1e6) for name, held in memory.items()],
            ),
        ],
        [
            Goal(goal_of(route), routes[route]["requests_per_second"] / empty, goal, at_least=True)
            for route, goal in GOALS.items()
        ],
        {goal_of(route): reason for route, reason in REASONS.items()},
    )


def goal_of(route: str) -> str:
    """What the goal for a route is called."""
    return f"{route}: requests / those of empty"
