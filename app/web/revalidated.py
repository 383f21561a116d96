"""What is made or read by the application itself, and is revalidated by browsers as files are."""

from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import Response


def revalidated(request: Request, content: bytes, media_type: str) -> Response:
    """Return ``content`` with a tag of it, or 304 if the client holds it already."""
    tag = f'"{blake2b(content, digest_size=16).hexdigest()}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
