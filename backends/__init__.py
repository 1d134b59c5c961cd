"""The backends: one folder per technology that implements the ports of eventlog.

A folder exports `BACKEND` (it keeps stores) or `TRANSPORT` (it carries the log of shared stores),
and is found by discovery. Importing it imports no driver: the stores do that when they are opened.
A folder that exports neither, such as `sql`, is shared by others.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from baton.eventlog.ports.backend import Backend
from baton.eventlog.ports.transport import Transport


def backends() -> Iterator[Backend]:
    """Yield every backend, in the order of the folders' names."""
    for folder in _folders():
        if isinstance(backend := getattr(folder, "BACKEND", None), Backend):
            yield backend


def transports() -> Iterator[Transport]:
    """Yield every transport, in the order of the folders' names."""
    for folder in _folders():
        if isinstance(transport := getattr(folder, "TRANSPORT", None), Transport):
            yield transport


def _folders() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(__path__):
        if found.ispkg:
            yield importlib.import_module(f"{__name__}.{found.name}")
