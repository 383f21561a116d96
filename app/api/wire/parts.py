"""An answer that is sent part by part."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from starlette.responses import Response, StreamingResponse


def in_parts(parts: Sequence[bytes], media_type: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer whose parts are sent one after the other, with other requests served in between."""
    if len(parts) == 1:
        return Response(parts[0], media_type=media_type, headers=headers)
    length = str(sum(map(len, parts)))
    return StreamingResponse(
        _one_by_one(parts), media_type=media_type, headers={"Content-Length": length, **(headers or {})}
    )


async def _one_by_one(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    for each in parts:
        yield each
        await asyncio.sleep(0)
