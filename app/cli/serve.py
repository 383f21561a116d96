"""gatescope serve: the page and the API."""

import errno
from contextlib import suppress
from pathlib import Path
from socket import AF_INET, AF_INET6, IPPROTO_TCP, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket
from typing import Annotated

import typer

from .common import give_up, read_settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    models: Annotated[Path | None, typer.Option(help="Folder with one model in each of its folders.")] = None,
) -> None:
    """Serve the page and the API.

    Every setting can be given by an environment variable GATESCOPE_*; the options here take precedence.
    """
    settings = read_settings(host=host, port=port, models=models)
    with listen(settings.host, settings.port) as listener, suppress(KeyboardInterrupt):
        import uvicorn

        from ..main import create_app
        from ..server.hosts import Hosts
        from ..server.logs import configure_logging
        from ..server.protocol import GuardedProtocol

        configure_logging(settings.log_level, settings.log_format)
        config = uvicorn.Config(
            create_app(settings),
            http=GuardedProtocol,
            log_config=None,
            access_log=False,  # requests are logged by route, without what people type
            server_header=False,
            timeout_graceful_shutdown=5,  # seconds: a client that does not read would keep the server from stopping
        )
        address, number = listener.getsockname()[:2]
        place = f"[{address}]" if ":" in address else address
        typer.echo(f"Gatescope is at http://{place}:{number}/ (Ctrl-C stops it)")
        typer.echo(f"It answers to {Hosts(settings)}; GATESCOPE_ALLOWED_HOSTS adds names")
        uvicorn.Server(config).run(sockets=[listener])


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
