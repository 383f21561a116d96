"""An application of one route, served as Gatescope is: what the server itself costs."""

from typing import Any

from fastapi import FastAPI
from gatescope import cli, main


def create_app(*_: Any) -> FastAPI:
    """Return an application that answers null at every path that is probed."""
    app = FastAPI()

    @app.get("/empty")
    @app.get("/healthz")
    async def empty() -> None:
        """Answer null."""

    return app


if __name__ == "__main__":
    main.create_app = create_app
    cli.app()
