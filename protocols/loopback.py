"""Decides whether a host is this machine, so that data sent to it never crosses a network."""

from ipaddress import ip_address

_LOCALHOST = "localhost"


def is_loopback(host: str) -> bool:
    """Return whether `host`, a name or an address, with or without brackets, is a loopback one."""
    host = host.strip("[]").lower().rstrip(".")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == _LOCALHOST or host.endswith(f".{_LOCALHOST}")
