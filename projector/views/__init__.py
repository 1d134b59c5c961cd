"""One package per view, found by discovery; code that views share is in `baton.projector`."""

import importlib
import pkgutil
from functools import cache
from typing import Any

from baton.projector.view import View


@cache
def every_view() -> tuple[View[Any], ...]:
    """Return the `VIEW` of every package in this folder, ordered by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}").VIEW for name in names)
