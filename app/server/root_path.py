"""Serving below a path, such as ``https://example.org/gatescope/``."""

from starlette.types import ASGIApp, Receive, Scope, Send


class UnderRootPath:
    """Let every request be one below ``root``, whether the proxy has left that in front of its path or taken it away.

    Routes and links find it in the scope, in the form that ASGI demands: as ``root_path``, which ``path`` begins with.
    """

    def __init__(self, app: ASGIApp, root: str) -> None:
        self.app, self.root = app, root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            is_left = path == self.root or path.startswith(f"{self.root}/")
            scope = {**scope, "root_path": self.root, "path": path if is_left else self.root + path}
        await self.app(scope, receive, send)
