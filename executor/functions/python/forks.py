"""Prevents a child process that a function forks from doing the parent's work.

A fork copies the event loop, the connections and the listening sockets. The child may run the
function to its end and then exits. It closes the server's port and connections at once, so that the
port is free after a restart and clients notice when the server closes their connection.
"""

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

_STATE: Final = {"registered": False}
_forks: list[None] = []
"""Grows by one in each forked child.

A system call per step would cost more than reading this list's length.
"""
os.register_at_fork(after_in_child=lambda: _forks.append(None))


def fork_depth() -> int:
    """Return a number that is larger in a forked child than in its parent."""
    return len(_forks)


def exit_if_forked(depth: int) -> None:
    """Exit at once if this process was forked after `fork_depth` returned `depth`."""
    if len(_forks) != depth:
        os._exit(0)


def release_ports_in_forks() -> None:
    """Make every process forked from this one close the sockets of the server's ports."""
    if not _STATE["registered"]:
        _STATE["registered"] = True
        os.register_at_fork(after_in_child=_close_server_sockets)


def _close_server_sockets() -> None:
    with suppress(OSError):
        sockets = [(fd, *_port_of(fd)) for fd in _open_files()]
        ports = {port for _, port, listens in sockets if listens}
        for fd, port, _ in sockets:
            if port in ports:
                os.close(fd)


def _open_files() -> list[int]:
    return [int(path.name) for path in Path("/dev/fd").iterdir()]


def _port_of(fd: int) -> tuple[int | None, bool]:
    """Return the local port of a socket, and whether it listens; None for another descriptor."""
    try:
        server_socket = socket.socket(fileno=fd)
    except OSError:
        return None, False
    try:
        if server_socket.family not in (socket.AF_INET, socket.AF_INET6):
            return None, False
        listens = bool(server_socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        return server_socket.getsockname()[1], listens
    except OSError:
        return None, False
    finally:
        server_socket.detach()
