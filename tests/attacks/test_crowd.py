"""Sixty-four connections of mixed requests, and workers that are killed under them: every answer is the right one."""

import os
import random
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

import pytest
from quick import Length
from serving import children, serving, wait_until

from benchmarks.crowd import CONNECTIONS, HEALTH, Address, answer_of, mixed
from benchmarks.load import PATIENCE

SECONDS = 60
KILLS = 40
POOL = 600  # different requests
GROWTH = 100_000_000  # bytes, from the middle of a run to its end

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads memory and processes in /proc")

Answer = tuple[int, bytes]
Expected = Sequence[tuple[bytes, Answer]]


def place_of(line: str) -> Address:
    """The address in the line that the command prints."""
    [(host, port)] = re.findall(r"http://([\d.]+):(\d+)/", line)
    return host, int(port)


def expected_of(address: Address, length: Length) -> Expected:
    """Requests with their answers, asked for one after the other while nobody else asks."""
    requests = list(islice(mixed(length.seed), length.of(POOL)))
    with socket.create_connection(address, PATIENCE) as connection:
        return [(request, answer_of(connection, request)) for request in requests]


class Crowd:
    """Connections that ask for what is expected, in an order of their own, until they are told to stop."""

    def __init__(self, address: Address, expected: Expected, seed: int) -> None:
        self.address, self.expected, self.seed = address, expected, seed
        self.ends = False
        self.statuses: Counter[int] = Counter()
        self.wrong: list[bytes] = []
        self.broken = 0

    def run(self, connections: int, meanwhile: Callable[[], None]) -> None:
        with ThreadPoolExecutor(connections) as pool:
            others = [pool.submit(self._one, number) for number in range(connections)]
            try:
                meanwhile()
            finally:
                self.ends = True
            for each in others:
                each.result()

    def has_answers(self, count: int) -> bool:
        return self.statuses.total() >= count

    def _one(self, number: int) -> None:
        chance = random.Random(f"{self.seed} {number}")
        while not self.ends:
            try:
                with socket.create_connection(self.address, PATIENCE) as connection:
                    while not self.ends:
                        request, expected = chance.choice(self.expected)
                        answer = answer_of(connection, request)
                        self.statuses[answer[0]] += 1
                        if answer != expected:
                            self.wrong.append(request)
            except ConnectionError:  # the worker at the other end was killed
                self.broken += 1
                time.sleep(0.05)


def are_replaced(process: "subprocess.Popen[str]", victim: int, count: int) -> bool:
    """Whether a process has as many children as before, without the one that was killed."""
    return victim not in children(process) and len(children(process)) >= count


def memory(pid: int) -> int:
    """Bytes that a process holds in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.mark.attack("starts the command, and 64 connections for three seconds", seconds=25)
def test_in_a_crowd_each_gets_its_own_answer_and_nothing_grows(length: Length, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATESCOPE_MAX_IN_FLIGHT", str(2 * CONNECTIONS))
    monkeypatch.setenv("GATESCOPE_LOG_LEVEL", "warning")
    with serving() as (process, line):
        expected = expected_of(place_of(line), length)
        assert {status for _, (status, _) in expected} == {200}
        files, held = open_files(process.pid), []

        def watch() -> None:
            for _ in range(2):
                time.sleep(length.of(SECONDS) / 2)
                held.append(memory(process.pid))

        crowd = Crowd(place_of(line), expected, length.seed)
        crowd.run(CONNECTIONS, watch)
        assert crowd.wrong == []
        assert crowd.statuses.keys() == {200}
        assert sum(crowd.statuses.values()) > CONNECTIONS
        assert crowd.broken == 0
        middle, end = held
        assert end - middle < GROWTH
        wait_until(lambda: open_files(process.pid) <= files)
        assert open_files(process.pid) <= files


@pytest.mark.attack("starts several processes", seconds=40)
def test_workers_that_are_killed_under_load_are_replaced_and_no_answer_is_wrong(
    length: Length, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATESCOPE_LOG_LEVEL", "warning")  # nobody reads the pipe meanwhile
    chance = random.Random(length.seed)
    with serving("--workers", "2") as (process, line):
        address = place_of(line)
        wait_until(lambda: answers(address))
        started = len(children(process))
        expected = expected_of(address, length)
        crowd = Crowd(address, expected, length.seed)

        def kill() -> None:
            for _ in range(length.of(KILLS)):
                time.sleep(chance.uniform(0, 1))
                victim = sorted(children(process))[-chance.choice([1, 1, 2])]  # 1: often one that still starts
                os.kill(victim, signal.SIGKILL)
                wait_until(partial(are_replaced, process, victim, started))
                assert are_replaced(process, victim, started)
                goal = crowd.statuses.total() + 20
                wait_until(partial(crowd.has_answers, goal))
                assert crowd.has_answers(goal)

        crowd.run(4, kill)
        assert crowd.wrong == []
        assert crowd.statuses.keys() == {200}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr
        err = process.stderr.read()
    assert "Traceback" not in err
    assert "movie" not in err


def answers(address: Address) -> bool:
    """Whether a server answers at an address."""
    try:
        with socket.create_connection(address, PATIENCE) as connection:
            return answer_of(connection, HEALTH)[0] == 200
    except ConnectionError:
        return False
