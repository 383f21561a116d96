"""Who may upload and remove models: the page of this server in a browser on its own machine, or who has the token.

A browser sends what any site asks it to send, so that coming from this machine proves nothing. Only our own page sends
its own origin; and a site whose name resolves to this machine (DNS rebinding) is told by its name.
"""

import hmac
from collections.abc import Callable
from ipaddress import ip_address

from starlette.requests import HTTPConnection, Request

from ...settings import Settings
from ..wire.root import root_of
from .problems import importing_off, not_permitted, wrong_token

# What proxies write, so that those behind them know for whom they ask. Whoever names one came through a proxy.
_FORWARDING = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"})
_FORWARDING_PREFIX = "x-forwarded-"


async def may_import(request: Request) -> None:
    """Raise a problem unless the request may upload and remove models."""
    settings: Settings = request.app.state.settings
    if settings.imported is None:
        raise importing_off()
    given = request.headers.getlist("authorization")
    if given:
        if not (settings.token and len(given) == 1 and _is_token(given[0], settings.token.get_secret_value())):
            raise wrong_token(has_one=settings.token is not None)
    elif reason := why_not_local(request) or why_not_from_our_page(request):
        raise not_permitted(reason)


def why_no_uploads(request: Request) -> str:
    """Return why the page that is asked for cannot upload, and what to do; empty if it can."""
    settings: Settings = request.app.state.settings
    if settings.imported is None:
        return str(importing_off().detail)
    reason = why_not_local(request)
    only = "Files are taken only in a browser on the machine that serves this page; this visit is not one, as"
    return reason and f"{only} {reason}. There, gatescope import FILE adds a model, too."


def why_not_local(request: HTTPConnection) -> str:
    """Return the reason why a request may not come from a browser on this machine; empty if it must."""
    return next((reason for holds, reason in LOCAL if not holds(request)), "")


def why_not_from_our_page(request: HTTPConnection) -> str:
    """Return the reason why a request may come from the page of another site; empty if it does not."""
    origins, sites = request.headers.getlist("origin"), request.headers.getlist("sec-fetch-site")
    ours = f"{request.scope['scheme']}://{request.headers['host'].lower()}"
    if not origins and not sites:
        return "it names no Origin, as the page does"
    if origins not in ([], [ours]) or sites not in ([], ["same-origin"]):
        return "it comes from the page of another site"
    return ""


def _is_token(header: str, token: str) -> bool:
    scheme, _, credentials = header.partition(" ")
    # Compared in constant time, so that a wrong one does not tell how far it is right.
    is_equal = hmac.compare_digest(credentials.strip().encode("latin-1", "replace"), token.encode())
    return scheme.lower() == "bearer" and is_equal


def _is_loopback(name: str) -> bool:
    name = name.removeprefix("[").removesuffix("]").lower()
    if name in {"localhost", "localhost."}:
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _has_loopback_peer(request: HTTPConnection) -> bool:
    return request.client is not None and _is_loopback(request.client.host)


def _has_loopback_host(request: HTTPConnection) -> bool:
    hosts = request.headers.getlist("host")
    return len(hosts) == 1 and _is_loopback(hosts[0].rpartition(":")[0] if _names_port(hosts[0]) else hosts[0])


def _names_port(host: str) -> bool:
    name, colon, port = host.rpartition(":")
    return bool(colon) and port.isdecimal() and (":" not in name or name.endswith("]"))


def _is_forwarded(request: HTTPConnection) -> bool:
    return any(name in _FORWARDING or name.startswith(_FORWARDING_PREFIX) for name in request.headers)


LOCAL: tuple[tuple[Callable[[HTTPConnection], bool], str], ...] = (
    (_has_loopback_peer, "it comes from another machine"),
    (_has_loopback_host, "it is not addressed to localhost"),
    (lambda request: not _is_forwarded(request), "it comes through a proxy"),
    (lambda request: not root_of(request.scope), "this server is served below a path, as by a proxy"),
    # nginx, where it is not told otherwise, names neither itself nor whom it asks for, but asks in HTTP/1.0.
    (lambda request: request.scope["http_version"] != "1.0", "it comes in HTTP/1.0, as by a proxy"),
)
"""What holds for each request of a browser on this machine, and what is said where it does not."""
