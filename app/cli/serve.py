"""gatescope serve: the page and the API."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from .common import read_settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    models: Annotated[Path | None, typer.Option(help="Folder with one model in each of its folders.")] = None,
) -> None:
    """Serve the page and the API.

    Every setting can be given by an environment variable GATESCOPE_*; the options here come first.
    """
    import uvicorn

    from ..main import create_app
    from ..service import configure_logging

    settings = read_settings(host=host, port=port, models=models)
    configure_logging(settings.log_level)
    # No access log: it would write down what people type, since a short text stands in the address.
    config = uvicorn.Config(
        create_app(settings), settings.host, settings.port, log_config=None, access_log=False, server_header=False
    )
    with config.bind_socket() as socket, suppress(KeyboardInterrupt):
        socket.listen(config.backlog)  # before the address is told, so that a quick client is not refused
        address, number = socket.getsockname()[:2]
        typer.echo(f"Gatescope is at http://{address}:{number}/ (Ctrl-C stops it)")
        uvicorn.Server(config).run(sockets=[socket])
