"""A busy server: so many requests at a time, clients that do not read, and large answers."""

import asyncio
import gzip
import json
from typing import Any

import brotli  # type: ignore[import-untyped]
import numpy as np
import orjson
import pytest
import zstandard
from gatescope.api.wire.encoding import dumps, json_parts
from gatescope.api.wire.parts import in_parts
from gatescope.server.compression import LARGE, CompressLargeInThreads
from gatescope.server.load import PIECE, CutSlowClients, LimitInFlight
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from serving import OnlyWaiting, in_a_loop
from starlette.datastructures import State
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware

BODY = json.dumps([number**2 for number in range(30_000)]).encode()
DECODED = {
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
    "br": brotli.decompress,
    "gzip": gzip.decompress,
}


async def asked(app: ASGIApp, path: str = "/", **headers: str) -> tuple[int, dict[str, str], bytes, int]:
    """Return status, headers and body of an answer, and in how many parts that came."""
    parts: list[bytes] = []
    start: Message = {}

    async def send(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
        else:
            parts.append(message.get("body", b""))

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    given_headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await app({"type": "http", "method": "GET", "path": path, "headers": given_headers}, receive, send)
    got = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], got, b"".join(parts), len(parts)


def test_beyond_the_limit_requests_are_refused_at_once_and_health_is_not() -> None:
    async def held(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/held":
            await release.wait()
        await Response("fine")(scope, receive, send)

    async def both() -> None:
        nonlocal release
        release = asyncio.Event()
        app = LimitInFlight(held, 2, State())
        waiting = [asyncio.create_task(asked(app, "/held")) for _ in range(2)]
        await asyncio.sleep(0)
        status, headers, body, _ = await asked(app, "/other")
        assert (status, headers["retry-after"], headers["content-type"]) == (503, "1", "application/problem+json")
        assert json.loads(body)["detail"] == (
            "This server is answering 2 requests, as many as it takes at a time. Try again in a second."
        )
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await asked(app, path))[0] == 200
        release.set()
        assert [status for status, *_ in await asyncio.gather(*waiting)] == [200, 200]
        assert (await asked(app, "/other"))[0] == 200

    release = asyncio.Event()
    in_a_loop(both())


def test_a_client_that_does_not_read_is_cut() -> None:
    has_ended = False

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal has_ended
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
        finally:
            has_ended = True

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()  # the buffers are full

    async def ask() -> None:
        app = CutSlowClients(endless, read=0.05)
        with pytest.raises(ClientDisconnect):
            await app({"type": "http"}, None, send)  # type: ignore[arg-type]

    in_a_loop(ask(), OnlyWaiting)
    assert has_ended


def test_a_client_that_does_not_send_its_body_is_cut() -> None:
    async def reading(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive()).get("more_body", False):
            pass

    async def receive() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}  # without end

    async def ask() -> None:
        with pytest.raises(ClientDisconnect):
            await CutSlowClients(reading, body=0.1)({"type": "http"}, receive, None)  # type: ignore[arg-type]

    in_a_loop(ask(), OnlyWaiting)


def test_an_upload_has_the_time_of_a_body_for_each_of_its_pieces() -> None:
    has_come = []

    async def reading(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (message := await receive()).get("more_body", False):
            has_come.append(len(message["body"]))

    def sending(size: int) -> Receive:
        async def receive() -> Message:
            await asyncio.sleep(0.04)
            return {"type": "http.request", "body": bytes(size), "more_body": len(has_come) < 9}

        return receive

    async def ask(path: str, size: int) -> None:
        scope = {"type": "http", "method": "POST", "path": path}
        await CutSlowClients(reading, body=0.2)(scope, sending(size), None)  # type: ignore[arg-type]

    in_a_loop(ask("/api/v1/imports", PIECE), OnlyWaiting)
    assert len(has_come) == 9
    for path, size in (("/api/v1/imports", PIECE // 10), ("/api/v1/models/a/traces", PIECE)):
        has_come.clear()
        with pytest.raises(ClientDisconnect):
            in_a_loop(ask(path, size), OnlyWaiting)


def test_a_client_whose_body_has_come_may_wait_for_its_answer() -> None:
    async def slow(_scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"

    messages = [{"type": "http.request", "body": b"x"}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        await asyncio.sleep(0.15 * (len(messages) == 1))
        return messages.pop(0)

    in_a_loop(CutSlowClients(slow, body=0.1)({"type": "http"}, receive, None), OnlyWaiting)  # type: ignore[arg-type]


def compressing(app: Any) -> ASGIApp:
    return CompressMiddleware(CompressLargeInThreads(app))


@pytest.fixture
def in_thread(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what was compressed in threads."""
    sizes: list[int] = []

    async def noted(function: Any, body: bytes) -> bytes:
        sizes.append(len(body))
        return await asyncio.to_thread(function, body)

    monkeypatch.setattr("gatescope.server.compression.run_sync", noted)
    return sizes


@pytest.mark.parametrize("accepted", [*DECODED, "gzip, br", "", "identity"])
def test_a_large_body_is_compressed_once_and_whole(accepted: str, in_thread: list[int]) -> None:
    app = compressing(Response(BODY, media_type="application/json"))
    status, headers, body, parts = in_a_loop(asked(app, accept_encoding=accepted))
    codec = {"gzip, br": "br"}.get(accepted, accepted if accepted in DECODED else "")
    assert headers.get("content-encoding", "") == codec
    assert (DECODED[codec](body) if codec else body) == BODY
    assert (status, int(headers["content-length"]), in_thread) == (200, len(body), [len(BODY)] if codec else [])
    assert parts == 1 or not codec
    assert headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepted", [*DECODED, ""])
def test_an_answer_in_parts_is_compressed_part_by_part(accepted: str, in_thread: list[int]) -> None:
    parts = json_parts({"a": np.arange(60_000.0).reshape(-1, 6), "b": [1]})
    assert len(parts) > 3
    assert max(map(len, parts)) < 2 * LARGE
    _, headers, body, _ = in_a_loop(asked(compressing(in_parts(parts, "application/json")), accept_encoding=accepted))
    assert headers.get("content-encoding", "") == accepted
    assert (DECODED[accepted](body) if accepted else body) == b"".join(parts)
    assert json.loads(b"".join(parts)) == {"a": np.arange(60_000.0).reshape(-1, 6).tolist(), "b": [1]}
    if accepted:
        assert "content-length" not in headers
        assert in_thread == [*map(len, parts), 0]  # an empty part ends a stream
    else:
        assert headers["content-length"] == str(len(body))
        assert in_thread == []


@pytest.mark.parametrize("accepted", [*DECODED, "identity"])
def test_a_stream_is_passed_on_in_small_pieces(accepted: str) -> None:
    sent: list[int] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            sent.append(len(message.get("body", b"")))
            await send(message)

        await CompressLargeInThreads(StreamingResponse(iter([BODY, b"x", BODY]), media_type="text/csv"))(
            scope, receive, note
        )

    _, headers, body, _ = in_a_loop(asked(CompressMiddleware(noting), accept_encoding=accepted))
    assert max(sent) <= LARGE
    assert len(sent) > 6
    encoding = headers.get("content-encoding")
    assert (DECODED[encoding](body) if encoding else body) == BODY + b"x" + BODY


def test_what_is_not_to_be_compressed_stays_as_it_is() -> None:
    for response in (
        Response(BODY, media_type="application/x-npz"),
        Response(BODY, headers={"Content-Encoding": "gzip"}, media_type="application/json"),
        Response(BODY, 206, media_type="application/json", headers={"Content-Range": "bytes 0-9/9"}),
    ):
        _, _, body, _ = in_a_loop(asked(compressing(response), accept_encoding="zstd"))
        assert body == BODY


@given(
    arrays(np.float32, array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=60), elements=st.floats(width=32)),
)
def test_large_arrays_are_written_as_if_in_one_piece(array: np.ndarray[Any, Any]) -> None:
    content = {"a": array, "b": [{"c": np.ascontiguousarray(array.T), "d": 1}], "e": [array, array], "f": []}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gatescope.api.wire.encoding.LARGE", 50)
        assert dumps(content) == orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
