"""A crowd: what 64 connections of mixed requests, and large or hostile ones, do to whoever else asks for little.

Health and a small trace are probed at a steady rate next to them. They are weighed against an application of one route
on the same server under the same number of connections.
"""

import json
import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from statistics import median, quantiles
from threading import Lock, Thread
from typing import Any

from rich.progress import track

from .load import PATIENCE, Address
from .report import Goal, Section, Table
from .service import ROOT

CONNECTIONS = 64
EVERY = 0.02  # seconds between two probes
GOALS = {"healthz": 3.0, "trace": 5.0}
WORDS = [
    "the",
    "a",
    "movie",
    "film",
    "story",
    "acting",
    "was",
    "is",
    "not",
    "never",
    "very",
    "really",
    "good",
    "bad",
    "great",
    "awful",
    "dull",
    "but",
    "and",
    "funny",
    "slow",
]
PROSE = "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want. "


def http(method: str, path: str, body: Any = None, accept: str = "*/*") -> bytes:
    """Return a request."""
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nAccept-Encoding: zstd\r\n"
    kind = "" if body is None else f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    return f"{head}{kind}\r\n".encode() + data


HEALTH, SMALL = (
    http("GET", "/healthz"),
    http("POST", "/api/v1/models/sentiment-lstm/traces", {"text": "not good at all"}),
)


def mixed(seed: int) -> Iterator[bytes]:
    """Yield requests of every route as it is used, without end: half of them first screens."""
    draw = random.Random(seed)
    lstm = "/api/v1/models/sentiment-lstm"
    statics = ["/static/js/main.js", "/static/css/figures.css", "/static/icon.svg", "/api/v1/models", "/docs"]
    while True:
        text = " ".join(draw.choices(WORDS, k=draw.randint(5, 66)))
        short = " ".join(draw.choices(WORDS, k=draw.randint(3, 9)))
        yield http("POST", "/first-screen", {"model": "sentiment-lstm", "text": text, "width": 1160, "height": 640})
        yield draw.choice(
            [
                http("POST", f"{lstm}/traces", {"text": text, "encoding": "base64"}),
                http("POST", f"{lstm}/traces", {"text": short}),
                http("POST", f"{lstm}/decompositions", {"text": short}),
                http("POST", f"{lstm}/experiments", {"text": short, "edits": [{"letter": "i", "hold": 0}]}),
                http("POST", f"{lstm}/rankings", {"text": short, "kind": "words"}),
                http("POST", f"{lstm}/memory", {"text": short, "parts": ["states", "saturation"]}),
                http("GET", f"/?text={short.replace(' ', '+')}"),
                http("GET", draw.choice(statics)),
            ]
        )


HOSTILE = {
    "unknown fields": http("POST", "/api/v1/models/sentiment-lstm/traces", {f"x{at}": 1 for at in range(20_000)}),
    "wrong edits": http(
        "POST", "/api/v1/models/sentiment-lstm/traces", {"text": "good", "edits": [{"a": at} for at in range(17_000)]}
    ),
    "5 M numbers, compressed": http("POST", "/api/v1/models/prose-lstm/traces", {"text": (PROSE * 99)[:5000]}),
    "500 characters": http("POST", "/api/v1/models/prose-lstm/traces", {"text": (PROSE * 9)[:500]}),
    "a first screen of 500 steps": http("POST", "/first-screen", {"model": "prose-lstm", "text": (PROSE * 9)[:500]}),
    "memory of 160 characters": http(
        "POST", "/api/v1/models/prose-lstm/memory", {"text": (PROSE * 9)[:160], "parts": ["words", "states"]}
    ),
}
JOB = http("POST", "/api/v1/models/prose-lstm/memory", {"text": PROSE[:60], "parts": ["words", "states"]})
SAME = {**HOSTILE, "small traces": SMALL}


def answer_of(connection: socket.socket, request: bytes) -> tuple[int, bytes]:
    """Send a request, and return the status and the body of its answer. Raises ConnectionError if that breaks off."""

    def more() -> bytes:
        part = connection.recv(65_536)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part

    connection.sendall(request)
    got = more()
    while b"\r\n\r\n" not in got:
        got += more()
    head, _, body = got.partition(b"\r\n\r\n")
    parts, size = [body], len(body)
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    while (size < int(length[1])) if length else not b"".join(each[-5:] for each in parts[-5:]).endswith(b"0\r\n\r\n"):
        parts.append(more())
        size += len(parts[-1])
    return int(head.split(b" ", 2)[1]), b"".join(parts)


def crowd(
    address: Address, requests: str, connections: int, seconds: float, rate: float | None = None
) -> dict[int, int]:
    """Keep so many connections busy for a time; return how many answers had each status.

    With a rate, an open loop: so many requests a second are due at random times, whatever became of those before.
    """
    statuses: dict[int, int] = {}
    lock, start = Lock(), time.monotonic()
    end = start + seconds

    def one(seed: int) -> None:
        stream = mixed(seed) if requests == "mixed" else iter(lambda: SAME.get(requests, http("GET", "/empty")), None)
        wait, due = random.Random(seed), start
        with socket.create_connection(address, PATIENCE) as connection:
            while time.monotonic() < end:
                if rate:
                    due += wait.expovariate(rate / connections)
                    time.sleep(max(0.0, min(due, end) - time.monotonic()))
                status, _ = answer_of(connection, next(stream))
                with lock:
                    statuses[status] = statuses.get(status, 0) + 1

    threads = [Thread(target=one, args=(seed,)) for seed in range(connections)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return statuses


def probed(address: Address, request: bytes, seconds: float) -> list[float]:
    """Ask at a steady rate for a time; return how long each answer took, from when it was due."""
    took, start = [], time.monotonic()
    with socket.create_connection(address, PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        due = start
        while due < start + seconds:
            time.sleep(max(0.0, due - time.monotonic()))
            status, _ = answer_of(connection, request)
            if status != 200:
                raise ConnectionError(f"a probe was answered with {status}")
            took.append(time.monotonic() - due)
            due = max(due + EVERY, time.monotonic())
    return took


def percentile(took: list[float], percent: int) -> float:
    """Return a percentile of latencies."""
    return quantiles(took, n=100, method="inclusive")[percent - 1]


@contextmanager
def server(*, is_empty: bool, workers: int = 1) -> Iterator[Address]:
    """Serve the shipped models, or an application of one route, and yield where."""
    module = "benchmarks.empty" if is_empty else "gatescope.cli"
    command = [sys.executable, "-m", module, "serve", "--port", "0", "--workers", str(workers)]
    quiet = {**os.environ, "GATESCOPE_LOG_LEVEL": "warning", "GATESCOPE_MAX_IN_FLIGHT": str(2 * CONNECTIONS)}
    with subprocess.Popen(command, cwd=ROOT, env=quiet, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            told = re.search(r"http://([\d.]+):(\d+)/", process.stdout.readline())
            if not told:
                raise RuntimeError("the server did not start: what it wrote to standard error says why")
            address = told[1], int(told[2])
            probed(address, HEALTH, 0.1)
            yield address
        finally:
            process.terminate()


def next_to(
    address: Address, requests: str, connections: int, probe: bytes, seconds: float, rate: float | None = None
) -> dict[str, Any]:
    """Return the latencies of a probe next to a crowd, and what that was answered."""
    with ProcessPoolExecutor(1) as pool:
        others = pool.submit(crowd, address, requests, connections, seconds + 1, rate)
        time.sleep(1)
        took = probed(address, probe, seconds)
        statuses = others.result()
    return {
        "p50": percentile(took, 50),
        "p99": percentile(took, 99),
        "statuses": {str(k): n for k, n in statuses.items()},
    }


def capacity(address: Address, seconds: float) -> float:
    """Return how many mixed requests a second are answered over as many connections as there are in a crowd."""
    with ProcessPoolExecutor(1) as pool:
        return sum(pool.submit(crowd, address, "mixed", CONNECTIONS, seconds).result().values()) / seconds


def one_request(address: Address, request: bytes) -> float:
    """Return how long the answer to one request takes, in seconds."""
    start = time.monotonic()
    with socket.create_connection(address, PATIENCE) as connection:
        status, _ = answer_of(connection, request)
    if status != 200:
        raise ConnectionError(f"it was answered with {status}")
    return time.monotonic() - start


def long_job(address: Address) -> dict[str, float]:
    """Return how long a request on memory takes by itself, and next to a crowd that asks for small traces."""
    alone = one_request(address, JOB)
    with ProcessPoolExecutor(1) as pool:
        others = pool.submit(crowd, address, "small traces", CONNECTIONS, 3 + 4 * alone)
        time.sleep(1)
        crowded = one_request(address, JOB)
        others.result()
    return {"alone": alone, "crowded": crowded}


def measure(seconds: float = 3, rounds: int = 3, hostile: Collection[str] = tuple(HOSTILE)) -> dict[str, Any]:
    """Probe next to every crowd, ``rounds`` times."""
    results: dict[str, list[dict[str, Any]]] = {}
    rates: dict[int, list[float]] = {1: [], 2: []}
    jobs = []

    def note(name: str, result: dict[str, Any]) -> None:
        results.setdefault(name, []).append(result)

    for _ in track(range(rounds), "crowd"):
        with server(is_empty=True) as address:
            for connections in (1, 8, CONNECTIONS):
                note(f"empty, {connections}", next_to(address, "empty", connections, HEALTH, seconds))
        with server(is_empty=False) as address:
            quiet = probed(address, SMALL, seconds)
            note("trace, quiet", {"p50": percentile(quiet, 50), "p99": percentile(quiet, 99), "statuses": {}})
            note("mixed", next_to(address, "mixed", CONNECTIONS, HEALTH, seconds))
            note("mixed, trace", next_to(address, "mixed", CONNECTIONS, SMALL, seconds))
            rates[1].append(capacity(address, seconds))
            half = rates[1][-1] / 2
            note("mixed, open loop", next_to(address, "mixed", CONNECTIONS, HEALTH, seconds, half))
            note("mixed, open loop, trace", next_to(address, "mixed", CONNECTIONS, SMALL, seconds, half))
            jobs.append(long_job(address))
            for name in hostile:
                for connections in (1, 8):
                    note(f"{name}, {connections}", next_to(address, name, connections, HEALTH, seconds / 2))
        with server(is_empty=False, workers=2) as address:
            capacity(address, 1)  # until both are warm
            rates[2].append(capacity(address, seconds))
    latencies = {
        name: {
            "p50": median(each["p50"] for each in runs),
            "p99": median(each["p99"] for each in runs),
            "statuses": runs[-1]["statuses"],
        }
        for name, runs in results.items()
    }
    job = {name: median(each[name] for each in jobs) for name in ("alone", "crowded")}
    return {"latencies": latencies, "capacity": {str(n): median(each) for n, each in rates.items()}, "job": job}


def section(results: dict[str, Any]) -> Section:
    """Present what ``measure`` returns."""
    latencies, rate, job = results["latencies"], results["capacity"], results["job"]
    empty = {n: latencies[f"empty, {n}"]["p99"] for n in (1, 8, CONNECTIONS)}
    rows, goals = [], []
    for name, each in latencies.items():
        if name.startswith("empty") or name == "trace, quiet":
            continue
        is_trace = name.endswith(", trace")
        last = name.rpartition(", ")[2]
        base = latencies["trace, quiet"]["p99"] if is_trace else empty[int(last) if last.isdigit() else CONNECTIONS]
        ratio = each["p99"] / base
        told = ", ".join(f"{n} × {status}" for status, n in sorted(each["statuses"].items()))
        rows.append((name, ratio, 1e3 * each["p50"], 1e3 * each["p99"], told))
        goals.append(
            Goal(
                f"{name}: p99 / that of {'a quiet server' if is_trace else 'the empty one'}",
                ratio,
                GOALS["trace" if is_trace else "healthz"],
                at_least=False,
            )
        )
    return Section(
        "Crowd",
        f"`/healthz`, or a small trace, asked for every {1e3 * EVERY:.0f} ms next to so many connections that ask for "
        "something else without a pause, of one worker. Its 99th percentile is set against that of an application of "
        "one route next to as many connections; that of the trace against its own on a quiet server. *Mixed* are "
        f"{CONNECTIONS} connections: half first screens of 5–66 words, the rest traces, decompositions, experiments, "
        "rankings, memory, pages and static files; in the *open loop* they come at random times, half as many a second "
        "as are answered without a pause.",
        [
            Table(("next to", "p99 / that of the empty one", "p50, ms", "p99, ms", "answers"), rows),
            Table(
                ("what", "ratio", "from", "to"),
                [
                    (
                        "mixed requests a second, with two workers instead of one",
                        rate["2"] / rate["1"],
                        rate["1"],
                        rate["2"],
                    ),
                    (
                        f"seconds of a request on memory, next to {CONNECTIONS} connections that ask for small traces",
                        job["crowded"] / job["alone"],
                        job["alone"],
                        job["crowded"],
                    ),
                ],
            ),
        ],
        goals,
        {},
    )
