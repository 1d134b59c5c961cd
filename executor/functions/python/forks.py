"""Keeps a copy of the process that a function forks from doing the process's own work.

A fork copies the event loop, the connections and the listening sockets. The copy may run the
function to its end, but it ends there; and it lets go of the server's port and connections at once,
so that the port is free after a restart and a client sees the end of its connection.
"""

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

_STATE: Final = {"registered": False}
_forks: list[None] = []
"""Grows by one in each copy of a process; a system call for each step of a function costs more."""
os.register_at_fork(after_in_child=lambda: _forks.append(None))


def fork_depth() -> int:
    """Return a number that is larger in a copy of this process."""
    return len(_forks)


def exit_if_forked(depth: int) -> None:
    """End this process at once if it is a copy, made since `fork_depth` returned `depth`."""
    if len(_forks) != depth:
        os._exit(0)


def release_ports_in_forks() -> None:
    """Let each process that is forked from this one close the sockets of the server's ports."""
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
    """Return the local port of a socket, and whether it listens; None for another file."""
    try:
        found = socket.socket(fileno=fd)
    except OSError:
        return None, False
    try:
        if found.family not in (socket.AF_INET, socket.AF_INET6):
            return None, False
        listens = bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        return found.getsockname()[1], listens
    except OSError:
        return None, False
    finally:
        found.detach()
