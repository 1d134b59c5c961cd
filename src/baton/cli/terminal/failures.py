"""What went wrong, in one line that says what to do."""

import os
import sys

INTERRUPTED = 130
"""The exit code of a process that Ctrl-C ended."""
DEBUG = "BATON_TRACEBACK"
"""With this variable set, a failure shows where it came from."""

# By name, so that telling a failure imports none of the layers it may come from.
_TELLING = frozenset(
    (
        "FunctionNameTaken",
        "FunctionsNotLoaded",
        "LookupError",
        "MissingJwtSecret",
        "NoWorkers",
        "Unavailable",
        "Unreadable",
    )
)


class Failed(Exception):
    """The verb could not do what it was asked; the message says what to do."""


def print_error(message: str) -> None:
    """Say on stderr what is wrong."""
    sys.stderr.write(f"{message}\n")


def describe_error(error: BaseException) -> str:
    """Return the line that tells of an exception."""
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    told = " ".join(str(error).split())
    if type(error).__name__ == "InUse":
        return f"{told}: stop that one first, or name another folder with --data"
    if isinstance(error, Failed) or type(error).__name__ in _TELLING:
        return told
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'The system'}: {error.strerror}"
    return f"Unexpected {type(error).__name__} ({told}): {DEBUG}=1 shows where; please report it"
