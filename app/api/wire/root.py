"""The path below which everything is, where a proxy serves Gatescope next to other sites; and that of uploads."""

from starlette.types import Scope

UPLOADS = "/api/v1/imports"


def root_of(scope: Scope) -> str:
    """Return the path that every address on this site begins with, such as ``/gatescope``; usually empty."""
    root: str = scope.get("app_root_path", scope.get("root_path", ""))  # a mount adds its own to the second
    return root


def path_below_root(scope: Scope) -> str:
    """Return the path of a request as the routes know it."""
    path: str = scope["path"]
    return path.removeprefix(root_of(scope))


def is_upload(scope: Scope) -> bool:
    """Return whether a request may have the body of an upload."""
    return scope["type"] == "http" and scope.get("method") == "POST" and path_below_root(scope) == UPLOADS
