"""Builds the registry of functions that the settings name."""

from baton.executor.functions.http_functions import http_function
from baton.executor.functions.loading import load_functions
from baton.executor.functions.registry import DEFAULT_HTTP_TIMEOUT_MS, HttpFunction, Registry
from baton.executor.workers.remote_workers import queue_function
from baton.settings import DeclaredFunction, Settings


def python_functions(settings: Settings) -> Registry:
    """Load the Python functions; raises FunctionsNotLoaded and FunctionNameTaken."""
    registry = Registry()
    for source in settings.functions:
        for function in load_functions(source):
            registry.add(function)
    return registry


def all_functions(settings: Settings) -> Registry:
    """Load the Python functions and add those declared in baton.toml (HTTP, queues).

    Raises FunctionsNotLoaded and FunctionNameTaken.
    """
    registry = python_functions(settings)
    for name, entry in settings.declared_functions.items():
        if entry.url is not None:
            registry.add(_http_function(name, entry, entry.url))
        if entry.queue is not None:
            registry.add(queue_function(name, entry.queue, id=entry.id))
    return registry


def _http_function(name: str, entry: DeclaredFunction, url: str) -> HttpFunction:
    return http_function(
        name,
        url,
        id=entry.id,
        timeout_ms=entry.timeout_ms or DEFAULT_HTTP_TIMEOUT_MS,
        secret=entry.secret.get_secret_value() if entry.secret else None,
    )
