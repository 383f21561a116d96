"""Compress large answers in threads, so that other requests go on."""

import asyncio
import gzip
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress._utils import classify_start_message, mutable_response_headers, parse_accept_encoding
from zstandard import ZstdCompressor

LARGE = 65_536  # bytes: less takes under a millisecond
LEVEL = 4  # that of CompressMiddleware

# In the order in which CompressMiddleware prefers them. All three release Python's lock.
CODECS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: ZstdCompressor(level=LEVEL).compress(body),
    "br": lambda body: brotli.compress(body, quality=LEVEL),
    "gzip": lambda body: gzip.compress(body, compresslevel=LEVEL),
}


class CompressLargeInThreads:
    """Compress the bodies that CompressMiddleware, which must be around this, would take too long for.

    A large part of a stream is passed on in pieces, between which other requests are served.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        accepted = parse_accept_encoding(", ".join(Headers(scope=scope).getlist("accept-encoding")))
        codec = next((name for name in CODECS if name in accepted), None)
        start: Message | None = None

        async def send_compressed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and codec and classify_start_message(message) == "buffered":
                start = message
                return
            body: bytes = message.get("body", b"")
            is_whole = start is not None and not message.get("more_body", False)
            if start is not None:
                if codec and is_whole and len(body) > LARGE:
                    body = await run_sync(CODECS[codec], body)
                    headers = mutable_response_headers(start)
                    headers["Content-Encoding"] = codec
                    headers["Content-Length"] = str(len(body))
                    headers.add_vary_header("Accept-Encoding")
                    message = {**message, "body": body}
                begun, start = start, None
                await send(begun)
            if is_whole or len(body) <= LARGE:
                await send(message)
                return
            for at in range(0, len(body), LARGE):
                has_more = message.get("more_body", False) or at + LARGE < len(body)
                await send({**message, "body": body[at : at + LARGE], "more_body": has_more})
                await asyncio.sleep(0)

        await self.app(scope, receive, send_compressed)
