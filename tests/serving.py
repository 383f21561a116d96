"""Small random models, and the application over them: in the test's own process, or behind a real port."""

import asyncio
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from gatescope.importers import child
from gatescope.main import create_app
from gatescope.recurrent.tokenizer import UNKNOWN, CharacterTokenizer, Tokenizer, WordTokenizer
from gatescope.settings import Settings
from gatescope.store.saving import save_model
from networks import random_network
from starlette.testclient import TestClient
from starlette.types import ASGIApp

Result = TypeVar("Result")

WORDS = WordTokenizer([UNKNOWN, *["the", "movie", "was", "not", "good", "bad", "but", ",", "n't"]])
LETTERS = CharacterTokenizer([UNKNOWN, *"ab "])

MODELS: dict[str, tuple[Tokenizer, dict[str, Any]]] = {
    "lstm": (WORDS, {"cell": "lstm"}),
    "gru": (WORDS, {"cell": "gru"}),
    "rnn": (WORDS, {"cell": "rnn"}),
    "both-ways": (WORDS, {"cell": "gru", "layers": 2, "bidirectional": True}),
    "letters": (LETTERS, {"cell": "rnn", "nonlinearity": "relu", "head": "softmax", "outputs": 4}),
}
HIDDEN = 7  # units of each of them

FAKE_CHILD = [sys.executable, "-S", "-E", str(Path(__file__).with_name("fake_child.py")), str(child.__file__)]
"""What imports in the place of the real process, which takes seconds to begin: see there."""

SERVE = [sys.executable, "-m", "gatescope.cli", "serve"]


def random_models(folder: Path) -> Path:
    """Fill ``folder`` with one random model of each kind in ``MODELS``, and with one that is broken."""
    for name, (tokenizer, config) in MODELS.items():
        network = random_network(
            **{"outputs": 1, **config}, vocabulary_size=len(tokenizer.vocabulary), hidden_size=HIDDEN
        )
        about = {
            "title": name.upper(),
            "task": "test" if tokenizer is WORDS else "other",
            "description": "Says nothing: its weights are random.",
            "outputs": ["positive"] if network.config.outputs == 1 else list(tokenizer.vocabulary),
            "opposite": "negative" if network.config.outputs == 1 else "",
            "examples": ["the movie was not good", "not bad"],
            "licence": "MIT",
        }
        save_model(folder / name, network, tokenizer, about)
    (folder / "broken").mkdir()
    return folder


def client(models: Path, **settings: Any) -> TestClient:
    """A client of the application over the folder ``models``."""
    app = create_app(Settings(models=models, **{"default_model": "lstm", **settings}))
    return TestClient(app, raise_server_exceptions=False)


@contextmanager
def running(app: ASGIApp, **config: Any) -> Iterator[str]:
    """Serve ``app`` on a free port of this machine; gives the address, without a slash at its end."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", **config))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def free_port() -> Iterator[int]:
    """A port of this machine that nobody else is given meanwhile, and on which a server may listen.

    Linux lets a socket listen where another is bound, if both share the address and that one does not listen.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def started(log: Path, *command: str, workers: int = 1, **environment: str) -> Iterator[str]:
    """Start a server by ``python -m COMMAND`` on a free port, with its output in the file ``log``.

    ``environment`` is added to the variables. Gives the address once each of the workers serves.
    """
    with (
        free_port() as port,
        log.open("wb") as file,
        subprocess.Popen(
            [sys.executable, "-m", *command, "--port", str(port)],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=os.environ | environment,
            start_new_session=True,
        ) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or told(log, "Application startup complete") == workers)
            assert told(log, "Application startup complete") == workers, log.read_text("utf-8")
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(60)
            finally:
                process.kill()


@contextmanager
def serving(*arguments: str, cwd: Path | None = None) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A server on a free port, and the line that it prints; stopped as by Ctrl-C."""
    command = [*SERVE, "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process, process.stdout.readline()
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            finally:
                process.kill()


@contextmanager
def killed_at_last(process: "subprocess.Popen[Any]") -> Iterator["subprocess.Popen[Any]"]:
    """Kill a process that still runs at the end: ``Popen`` waits for it, for ever where a test has failed before."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def children(process: "subprocess.Popen[str]") -> set[int]:
    """The processes that a process has started and that still run."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="utf-8")
    return {int(each) for each in listed.split()}


def is_running(pid: int) -> bool:
    """Whether a process runs that nobody may wait for: one that has ended can stay as a zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):  # it ends before the file is opened, or while it is read
        return False


def told(log: Path, what: str) -> int:
    """How often ``what`` stands in the file ``log``."""
    return log.read_text("utf-8").count(what)


def in_a_loop(
    coroutine: Coroutine[Any, Any, Result], loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
) -> Result:
    """What a coroutine returns, run in a thread: this one may hold an event loop of Playwright's, and no second one."""

    def run() -> Result:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(coroutine)

    return in_a_thread(run)


class OnlyWaiting(asyncio.SelectorEventLoop):
    """An event loop whose time is only what is waited for, and passes at once: no busy machine makes anything late.

    What threads do takes no time in it.
    """

    def __init__(self) -> None:
        super().__init__(_Skipping(self))
        self.waited = 0.0

    def time(self) -> float:
        return self.waited


class _Skipping(selectors.DefaultSelector):
    """What an event loop waits by, which does not wait for a time to come."""

    def __init__(self, loop: OnlyWaiting) -> None:
        super().__init__()
        self.loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(timeout if timeout is None else 0)
        if not ready and timeout:
            self.loop.waited += timeout
        return ready


def in_a_thread(function: Callable[[], Result]) -> Result:
    """What a function returns, run in a thread.

    In a greenlet, such as Playwright's, Python 3.11 miscounts how deep a parser is.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def wait_until(holds: Callable[[], bool]) -> None:
    """Return once ``holds`` does, or after four minutes, when what is asserted next says what is wrong.

    On a machine that does much else, a process that loads PyTorch may take one of them to start.
    """
    for _ in range(4_800):
        if holds():
            return
        time.sleep(0.05)
