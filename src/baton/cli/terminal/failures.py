"""Turns exceptions into one line on stderr that says what to do next."""

import os
import sys

from baton.cli.terminal.visible import visible

INTERRUPTED = 130
"""The exit code after Ctrl-C."""
DEBUG = "BATON_TRACEBACK"
"""If this environment variable is set, a failure prints its traceback."""

# Compared by name, so that this module imports none of the layers that raise them.
_SELF_EXPLANATORY = frozenset(
    (
        "Damaged",
        "DamagedKeyFile",
        "FunctionNameTaken",
        "FunctionsNotLoaded",
        "LookupError",
        "Misconfigured",
        "MissingJwtSecret",
        "NoWorkers",
        "Unavailable",
        "UnfitKey",
        "Unreadable",
    )
)


class Failed(Exception):
    """The verb failed; the message says what to do next."""


def print_error(message: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(f"{visible(message)}\n")


def describe_error(error: BaseException) -> str:
    """Return the line that describes an exception; print its traceback if `DEBUG` is set."""
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    message = " ".join(str(error).split())
    if type(error).__name__ == "InUse":
        return f"{message}: stop that process first, or name another folder with --data"
    if isinstance(error, Failed) or type(error).__name__ in _SELF_EXPLANATORY:
        return message
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'The system'}: {error.strerror}"
    return f"Unexpected {type(error).__name__} ({message}): {DEBUG}=1 shows where; please report it"
