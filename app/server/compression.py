"""Compress large answers in threads, so that other requests go on."""

import asyncio
import zlib
from collections.abc import Callable
from typing import NamedTuple

import brotli  # type: ignore[import-untyped]
from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress._utils import classify_start_message, mutable_response_headers, parse_accept_encoding
from zstandard import ZstdCompressor

LARGE = 65_536  # bytes: less takes under a millisecond
LEVEL = 4  # that of CompressMiddleware


class Codec(NamedTuple):
    """What compresses one body, part by part. It releases Python's lock."""

    compress: Callable[[bytes], bytes]
    finish: Callable[[], bytes]

    def whole(self, body: bytes) -> bytes:
        """Return the last part of a body, compressed, or all of it."""
        return self.compress(body) + self.finish()


def _zstd() -> Codec:
    stream = ZstdCompressor(level=LEVEL).compressobj()
    return Codec(stream.compress, stream.flush)


def _brotli() -> Codec:
    stream = brotli.Compressor(quality=LEVEL)
    return Codec(stream.process, stream.finish)


def _gzip() -> Codec:
    stream = zlib.compressobj(LEVEL, wbits=zlib.MAX_WBITS | 16)
    return Codec(stream.compress, stream.flush)


# In the order in which CompressMiddleware prefers them.
CODECS = {"zstd": _zstd, "br": _brotli, "gzip": _gzip}


class CompressLargeInThreads:
    """Compress the bodies that CompressMiddleware, which must be around this, would take too long for.

    A body that comes in large parts is compressed part by part. Large parts of a stream are passed on in pieces,
    between which other requests are served.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        accepted = parse_accept_encoding(", ".join(Headers(scope=scope).getlist("accept-encoding")))
        name = next((name for name in CODECS if name in accepted), None)
        start: Message | None = None  # held back until the size of the body is known
        codec: Codec | None = None

        async def send_compressed(message: Message) -> None:
            nonlocal start, codec
            if message["type"] == "http.response.start" and name and classify_start_message(message) == "buffered":
                start = message
                return
            body: bytes = message.get("body", b"")
            has_more: bool = message.get("more_body", False)
            begins = start if name and len(body) > LARGE else None
            if begins and name:
                codec = CODECS[name]()
            if codec:
                body = await run_sync(codec.compress if has_more else codec.whole, body)
            if begins and name:
                headers = mutable_response_headers(begins)
                headers["Content-Encoding"] = name
                headers.add_vary_header("Accept-Encoding")
                del headers["Content-Length"]
                if not has_more:
                    headers["Content-Length"] = str(len(body))
            if start is not None:
                begun, start = start, None
                await send(begun)
            if not has_more or len(body) <= LARGE:
                await send({**message, "body": body} if codec else message)
                return
            for at in range(0, len(body), LARGE):
                await send({**message, "body": body[at : at + LARGE]})
                await asyncio.sleep(0)

        await self.app(scope, receive, send_compressed)
