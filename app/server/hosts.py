"""Which host names requests may be addressed to.

A page of another site can let its own name resolve to this machine (DNS rebinding); the browser then takes what we
answer for that site's own. Requests for such a name are refused. An address cannot be made to point elsewhere, so every
address is answered where the server listens on all of them.
"""

import re
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ..api.wire import problems
from ..api.wire.root import path_below_root
from ..settings import Settings, host_patterns

EXEMPT = frozenset({"/healthz", "/readyz", "/metrics"})  # asked by machines, by whatever name or address they know

_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1"))
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::[0-9]*)?")


class Hosts:
    """The hosts that a server answers for, by the address that it listens on and the setting ``allowed_hosts``."""

    def __init__(self, settings: Settings, machine: Callable[[], str] = socket.gethostname) -> None:
        patterns = host_patterns(settings.allowed_hosts)
        bound = _address(settings.host)
        self._all = "*" in patterns
        self._all_addresses = False
        self._endings = tuple(each[1:] for each in patterns if each.startswith("*."))
        self._addresses = {address for each in patterns if (address := _address(each))}
        self._names = {"localhost", *patterns} - {"*"}
        if bound:
            self._addresses.add(bound)
        else:
            self._names.add(_normal(settings.host))
        if bound and bound.is_unspecified and not patterns:
            self._all_addresses = True
            self._names |= {_normal(machine()), _normal(machine()).partition(".")[0]} - {""}

    def answers(self, name: str) -> bool:
        """Return whether requests for ``name``, as it stands in a URL, are answered."""
        if self._all:
            return True
        if address := _address(name):
            return self._all_addresses or address in self._addresses or any(address in each for each in _LOOPBACK)
        name = _normal(name)
        return name in self._names or name.endswith(self._endings)

    def __str__(self) -> str:
        """Return the hosts, for people."""
        if self._all:
            return "any host"
        endings = {f"*{ending}" for ending in self._endings}
        addresses = {str(address) for address in self._addresses if not any(address in each for each in _LOOPBACK)}
        names = self._names - {"localhost"} - addresses - endings
        listed = ["any IP address"] if self._all_addresses else sorted(addresses)
        return ", ".join(["localhost", "127.0.0.0/8", "[::1]", *sorted(names), *sorted(endings), *listed])


def host_of(header: str) -> str | None:
    """Return the name or address in a header Host, in lower case and without its port; None if it is malformed."""
    match = _HOST.fullmatch(header.strip().lower())
    return match["name"] if match and (match["name"][0] != "[" or _address(match["name"])) else None


def _address(name: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that ``name`` is, with or without brackets, or None. IPv4 inside IPv6 is IPv4."""
    try:
        address = ip_address(name.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _normal(name: str) -> str:
    """Return a name as it is compared."""
    return name.lower().removesuffix(".")


class HostCheck:
    """Refuse requests that are addressed to another host.

    HTTP/1.0 knows requests without a host. They are answered: no browser sends them.
    """

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_below_root(scope) in EXEMPT:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope).getlist("host")
        names = [host_of(each) for each in headers]
        if not headers and scope["http_version"] == "1.0":
            await self.app(scope, receive, send)
        elif len(names) != 1 or names[0] is None:
            await problems.answer(problems.malformed_host(headers), scope, receive, send)
        elif self.hosts.answers(names[0]):
            await self.app(scope, receive, send)
        else:
            await problems.answer(problems.other_host(names[0]), scope, receive, send)
