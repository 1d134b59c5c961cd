"""Turns exceptions into one line on stderr that says what to do next."""

import os
import sys

from baton.cli.terminal.visible import visible

INTERRUPTED = 130
"""The exit code after Ctrl-C."""
DEBUG = "BATON_TRACEBACK"
"""If this environment variable is set, a failure prints its traceback."""

WRONG_USAGE = 2
"""The exit code if the words of a command or the files that it or a setting names are wrong."""

# Compared by name, so that this module imports none of the layers that raise them.
_MISSING_FILES = frozenset(("FileNotReadable", "FunctionFileMissing"))
_SELF_EXPLANATORY = _MISSING_FILES | frozenset(
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


def exit_code_of(error: BaseException) -> int:
    """Return the exit code for an exception: `WRONG_USAGE` for a missing file, else 1."""
    return WRONG_USAGE if type(_first(error)).__name__ in _MISSING_FILES else 1


def describe_error(error: BaseException) -> str:
    """Return the line that describes an exception; print its traceback if `DEBUG` is set."""
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    error = _first(error)
    message = " ".join(str(error).split())
    if type(error).__name__ == "InUse":
        return f"{message}: stop that process first, or name another folder with --data"
    if isinstance(error, Failed) or type(error).__name__ in _SELF_EXPLANATORY:
        return message
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'The system'}: {error.strerror}"
    return f"Unexpected {type(error).__name__} ({message}): {DEBUG}=1 shows where; please report it"


def _first(error: BaseException) -> BaseException:
    """Return the first exception of a group, or an exception itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
