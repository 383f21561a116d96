"""What HTTP asks of answers that come in several encodings, or in parts (RFC 9110, sections 8.8.3 and 14.2)."""

import re
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TAG = re.compile(r'(?:W/)?(?P<strong>"(?P<base>[^"]*)-(?P<encoding>[a-z]+)")')  # If-None-Match compares weakly
_RANGES = re.compile(r"bytes=\s*(\d+-\d*|-\d+)(\s*,\s*(\d+-\d*|-\d+))*\s*", re.IGNORECASE)


class TagByEncoding:
    """Give each encoding of an answer a strong ETag of its own, which its bytes need: ``"1f"`` is ``"1f-zstd"``, too.

    This goes around the compression. Weak tags, which do not promise the same bytes, stay as they are.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        held: dict[str, str] = {}  # the tag that the client holds, by the tag behind the compression
        headers = MutableHeaders(scope=scope)
        if "if-none-match" in headers:
            accepted = _accepted(headers)

            def without_encoding(tag: re.Match[str]) -> str:
                if tag["encoding"] not in accepted:
                    return tag[0]
                held[f'"{tag["base"]}"'] = tag["strong"]
                return f'"{tag["base"]}"'

            tags = ", ".join(headers.getlist("if-none-match"))
            copy = MutableHeaders(raw=list(headers.raw))
            copy["if-none-match"] = _TAG.sub(without_encoding, tags)
            scope = {**scope, "headers": copy.raw}

        async def send_with_tag(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(raw=list(message["headers"]))
                if tag := _tag(message["status"], answer, held):
                    answer["etag"] = tag
                    message = {**message, "headers": answer.raw}
            await send(message)

        await self.app(scope, receive, send_with_tag)


def _accepted(headers: Headers) -> set[str]:
    """Return the encodings that a request accepts by name."""
    choices = [choice.partition(";") for choice in ",".join(headers.getlist("accept-encoding")).lower().split(",")]
    return {name.strip() for name, _, weight in choices if not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)}


def _tag(status: int, answer: Headers, held: Mapping[str, str]) -> str | None:
    """Return the tag that an answer should have in place of its own, or None."""
    tag = answer.get("etag", "")
    if status == 304:
        return held.get(tag)
    encoding = answer.get("content-encoding")
    return f'{tag[:-1]}-{encoding}"' if encoding and tag.startswith('"') else None


class KnownRanges:
    """Ignore a header Range in an unknown unit, as section 14.2 demands, and one that is malformed, as it allows."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(name == b"range" for name, _ in scope["headers"]):
            ranges = ", ".join(Headers(scope=scope).getlist("range"))
            if not _RANGES.fullmatch(ranges):
                scope = {**scope, "headers": [each for each in scope["headers"] if each[0] != b"range"]}
        await self.app(scope, receive, send)
