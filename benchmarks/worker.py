"""The worker that is put under load: ``gatescope serve``, whose application has an empty route more."""

from typing import Any

from fastapi import FastAPI
from gatescope import cli, main

create_app = main.create_app


def create_app_with_an_empty_route(*arguments: Any) -> FastAPI:
    """The application, and the least that FastAPI can do in it."""
    app = create_app(*arguments)

    @app.get("/empty")
    async def empty() -> None:
        """Answers null."""

    return app


if __name__ == "__main__":
    main.create_app = create_app_with_an_empty_route
    cli.app()
