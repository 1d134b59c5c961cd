"""Builds calls, and the functions that they name."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from baton.executor.functions.call import Call
from baton.executor.functions.loading import describe
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.executor.functions.registry import Function, Registry
from baton.protocols.address_policy import AddressPolicy
from tests.kit.clock import NOW, SkippingClock


def a_call(function: str, **members: Any) -> Call:
    payload = {
        "input": members.pop("input", {"recordId": "r-1"}),
        "context": members.pop("context", {}),
        "steps": members.pop("steps", {}),
        "config": members.pop("config", None),
    }
    named: dict[str, Any] = {
        "run_id": "c" * 20,
        "step_id": "check",
        "visit": 1,
        "attempt": 1,
        "tenant": "acme",
        "deadline_at": NOW + 300_000,
    }
    return Call(function=function, payload=payload, **(named | members))


@asynccontextmanager
async def functions_of(
    *known: Callable[..., object] | Function, **options: Any
) -> AsyncIterator[RegisteredFunctions]:
    """Yield the marked functions and the declarations in `known`, ready to be called."""
    registry = options.pop("registry", None) or Registry()
    for one in known:
        registry.add(one if isinstance(one, Function) else describe(one, origin=__file__))
    options.setdefault("clock", SkippingClock())
    options.setdefault("policy", AddressPolicy(allow_private=True))
    functions = RegisteredFunctions(registry, **options)
    try:
        yield functions
    finally:
        await functions.close()
