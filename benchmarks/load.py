"""Load for an HTTP server: connections kept alive, a request on each at any time, and how long each answer took.

A client library would cost more than the server does. This one reads of an answer its status and its length.
"""

import re
import selectors
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import perf_counter

Address = tuple[str, int]

PATIENCE = 30  # seconds without a byte, after which the server is taken to be stuck
_HEAD = re.compile(rb"HTTP/1\.1 200 .*\r\ncontent-length: *(\d+)\r\n.*\r\n\r\n", re.DOTALL | re.IGNORECASE)


@dataclass
class Load:
    """What a run of requests came to."""

    seconds: float = 0.0
    size: int = 0  # bytes of the first answer, without its head
    latencies: list[float] = field(default_factory=list)  # seconds from a request's first byte to its answer's last


class Connection:
    """One connection with one request under way."""

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address, PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        """Send a request."""
        self.head = b""
        self.missing: int | None = None  # bytes of the answer; None until its head is complete
        self.sent = perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Read what has come; whether the answer is complete. Raises ConnectionError for any answer but a plain 200."""
        part = self.socket.recv(65_536)
        if not part:
            raise ConnectionError("the server closed the connection before its answer was complete")
        if self.missing is not None:
            self.missing -= len(part)
            return self.missing == 0
        self.head += part
        end = self.head.find(b"\r\n\r\n") + 4
        if end < 4:
            return False
        results = _HEAD.fullmatch(self.head, 0, end)
        if not results:
            raise ConnectionError(f"the server answered no 200 with a length: {self.head[:1000]!r}")
        self.size = int(results[1])
        self.missing = self.size - (len(self.head) - end)
        return self.missing == 0


def load(address: Address, requests: Iterable[bytes], connections: int) -> Load:
    """Send ``requests`` over so many ``connections``, the next on each as soon as it has its answer.

    Raises ConnectionError for an answer that is no 200 with a Content-Length, and TimeoutError where none comes.
    """
    waiting, done = iter(requests), Load()
    with selectors.DefaultSelector() as selector:
        opened = [Connection(address) for _ in range(connections)]
        try:
            begin = perf_counter()
            for connection, request in zip(opened, waiting, strict=False):
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                connection.send(request)
            while selector.get_map():
                ready = selector.select(PATIENCE)
                if not ready:
                    raise TimeoutError(f"the server did not answer within {PATIENCE} s")
                for key, _ in ready:
                    connection = key.data
                    if connection.receive():
                        done.latencies.append(perf_counter() - connection.sent)
                        if request := next(waiting, b""):
                            connection.send(request)
                        else:
                            selector.unregister(connection.socket)
            done.seconds, done.size = perf_counter() - begin, opened[0].size
        finally:
            for connection in opened:
                connection.socket.close()
    return done
