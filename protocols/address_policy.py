"""Decides which addresses Baton connects to on behalf of users: the protection against SSRF.

A URL is checked when it is stored (`check_url`), and the resolved address when a socket is opened
(`connector`). Only the second check sees the addresses that a name resolves to at that moment, so
it also stops DNS rebinding, unusual spellings of an address and redirects. `ipaddress.is_global`
alone treats multicast, 6to4, NAT64 and site-local addresses as public; the lists here exclude them
(IANA special-purpose address registries, RFC 6890).
"""

import errno
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import TCPConnector
from yarl import URL

from baton.protocols.loopback import is_loopback

CODE = "blocked_address"

_DENIED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/3")
)
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
_DENIED_V6 = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAMES = ("localhost", "localdomain", "local", "internal", "lan", "home.arpa")
_WEB_PORTS = (80, 443)
_FIRST_FREE_PORT = 1024
_MAX_URL = 2_048


class BlockedAddress(OSError):
    """Baton doesn't connect to this URL or its address; the message says why."""

    def __init__(self, message: str) -> None:
        super().__init__(errno.EACCES, message)
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Permits public addresses, and the others that its options permit.

    Args:
        allow_private: Whether every address is permitted.
        allow_loopback: Whether the addresses of this machine are permitted.
        setting: The setting that permits private addresses; a refusal names it.
    """

    allow_private: bool = False
    allow_loopback: bool = False
    setting: str | None = None

    def permits(self, address: str) -> bool:
        """Return whether a socket may connect to `address`, an IP address as text."""
        if self.allow_private or is_public(address):
            return True
        return self.allow_loopback and is_loopback(address)

    def check_url(self, url: str) -> URL:
        """Return the parsed URL; raises BlockedAddress if it is invalid or names a private host."""
        parsed = _parsed(url)
        host = (parsed.raw_host or "").rstrip(".").lower()
        literal = _literal(host)
        if self.allow_private or (self.allow_loopback and is_loopback(literal or host)):
            return parsed
        if parsed.port not in _WEB_PORTS and (parsed.port or 0) < _FIRST_FREE_PORT:
            raise BlockedAddress(f"port {parsed.port} is not allowed for HTTP{self._remedy}")
        if _is_local_name(host) or (literal is not None and not is_public(literal)):
            raise BlockedAddress(f"{host} is not a public address{self._remedy}")
        return parsed

    def connector(self, **options: Any) -> TCPConnector:
        """Return a connector that checks the address of every socket by this policy.

        A kept-alive socket isn't checked again, so a connector must not be shared between policies.

        Args:
            options: Passed to aiohttp's TCPConnector.
        """
        return TCPConnector(socket_factory=self._socket_factory(), **options)

    @property
    def _remedy(self) -> str:
        return f"; {self.setting}=true permits it" if self.setting else ""

    def _socket_factory(self) -> Callable[[Any], socket.socket]:
        def open_socket(info: tuple[Any, ...]) -> socket.socket:
            family, kind, protocol, _, address = info
            if not self.permits(str(address[0])):
                # The same text for each address, so that aiohttp raises this exception unchanged.
                message = "the host resolves to an address that is not public"
                raise BlockedAddress(f"{message}{self._remedy}")
            return socket.socket(family=family, type=kind, proto=protocol)

        return open_socket


def is_public(address: str) -> bool:
    """Return whether `address` is a public unicast address; False for any other text."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        embedded = _embedded_v4(parsed)
        if embedded is None:
            return _is_public_v6(parsed)
        parsed = embedded
    return parsed.is_global and not any(parsed in network for network in _DENIED_V4)


def _embedded_v4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _is_public_v6(address: ipaddress.IPv6Address) -> bool:
    return (
        address.scope_id is None
        and address in _UNICAST_V6
        and address.is_global
        and not any(address in network for network in _DENIED_V6)
    )


def _parsed(url: str) -> URL:
    if len(url) > _MAX_URL or not url.isprintable() or any(mark in url for mark in " \\"):
        raise BlockedAddress("the URL is too long or has characters that URLs can't have")
    try:
        parsed = URL(url)
        host, port = parsed.raw_host, parsed.port
    except ValueError as error:
        raise BlockedAddress(f"the URL can't be parsed: {error}") from None
    if parsed.scheme not in {"http", "https"} or not host or "%" in host:
        raise BlockedAddress("the URL is not an absolute http or https URL")
    if parsed.raw_user is not None or parsed.raw_password is not None:
        raise BlockedAddress("the URL contains credentials")
    if not port:
        raise BlockedAddress("port 0 is not allowed for HTTP")
    return parsed


def _is_local_name(host: str) -> bool:
    return any(host == name or host.endswith("." + name) for name in _LOCAL_NAMES)


def _literal(host: str) -> str | None:
    """Return the address that `host` spells, such as `127.1`, `0x7f000001` or `2130706433`."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None
