"""The peers of a server: their connections, and the bytes that they have in flight."""

import ipaddress
from functools import lru_cache

_IPV6_NETWORK = 64
"""The bits of an IPv6 address that identify a peer: one subscriber usually has a whole /64."""


class Peer:
    """One address, or one IPv6 network."""

    __slots__ = ("bytes", "connections", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.connections = 0
        self.bytes = 0


class Peers:
    """The peers that have a connection."""

    def __init__(self) -> None:
        self._peers: dict[str, Peer] = {}

    def enter(self, peername: object) -> Peer:
        """Count a connection from `peername`, as asyncio gives it; return its peer."""
        name = _name(str(peername[0])) if isinstance(peername, tuple) and peername else "local"
        peer = self._peers.get(name)
        if peer is None:
            peer = self._peers[name] = Peer(name)
        peer.connections += 1
        return peer

    def leave(self, peer: Peer) -> None:
        """Remove one connection."""
        peer.connections -= 1
        if not peer.connections:
            self._peers.pop(peer.name, None)


@lru_cache(maxsize=1024)
def _name(host: str) -> str:
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))
