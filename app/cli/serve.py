"""gatescope serve: the page and the API."""

import errno
import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from socket import AF_INET, AF_INET6, IPPROTO_TCP, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket
from typing import Annotated

import typer

from .common import give_up, read_settings

STOPS_WITHIN = 3  # seconds, for what is under way when the server is told to stop; the rest of 5 is for the workers

STARTS_WITHIN = 60  # seconds, for a worker to import PyTorch on a busy machine; one that takes longer is replaced


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    models: Annotated[Path | None, typer.Option(help="Folder with one model in each of its folders.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer; one that dies is replaced.")] = 1,
) -> None:
    """Serve the page and the API.

    Every setting can be given by an environment variable GATESCOPE_*; the options here take precedence.
    """
    settings = read_settings(host=host, port=port, models=models)
    with listen(settings.host, settings.port) as listener, suppress(KeyboardInterrupt):
        import uvicorn

        from ..main import create_app
        from ..server.hosts import Hosts
        from ..server.logs import configure_logging, logging_config
        from ..server.protocol import GuardedProtocol
        from ..server.shared_metrics import shared_metrics
        from ..server.workers import supervise_workers

        configure_logging(settings.log_level, settings.log_format)
        config = uvicorn.Config(
            partial(create_app, settings) if workers == 1 else "gatescope.main:create_app",
            factory=True,
            workers=workers,
            http=GuardedProtocol,
            log_config=None if workers == 1 else logging_config("root", settings.log_level, settings.log_format),
            access_log=False,  # requests are logged by route, without what people type
            server_header=False,
            timeout_graceful_shutdown=STOPS_WITHIN,
            timeout_worker_healthcheck=STARTS_WITHIN,
        )
        address, number = listener.getsockname()[:2]
        place = f"[{address}]" if ":" in address else address
        typer.echo(f"Gatescope is at http://{place}:{number}{settings.root_path}/ (Ctrl-C stops it)")
        typer.echo(f"It answers to {Hosts(settings)}; GATESCOPE_ALLOWED_HOSTS adds names")
        if workers == 1:
            uvicorn.Server(config).run(sockets=[listener])
            return
        # Each worker reads the settings again: those that were given as options are handed down.
        given = {"HOST": settings.host, "PORT": port, "MODELS": models}
        os.environ.update({f"GATESCOPE_{name}": str(value) for name, value in given.items() if value is not None})
        with shared_metrics():
            supervise_workers()(config, sockets=[listener]).run()


def listen(host: str, port: int) -> socket:
    """Return a socket that already listens, so that no client is refused once the address is printed.

    Gives up if it cannot.
    """
    try:
        # asyncio sends small answers at once (TCP_NODELAY) only if the protocol is given; others wait for 40 ms.
        listener = socket(AF_INET6 if ":" in host else AF_INET, SOCK_STREAM, IPPROTO_TCP)
    except OSError as error:  # a machine without IPv6
        give_up(f"cannot listen on port {port} of {host}: {error.strerror}")
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            give_up(f"port {port} of {host} is taken: choose another with --port")
        give_up(f"cannot listen on port {port} of {host}: {error.strerror}")
    except TypeError:  # raised for a name that cannot be written in ASCII
        listener.close()
        give_up(f"cannot listen on port {port} of {host}: that is not a host name")
    return listener
