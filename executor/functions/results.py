"""Turns the result or exception of a function into an outcome that can be recorded.

An output is checked as strictly as a request body, because it is stored and read in the same way:
JSON values only, no NaN, no integer beyond 64 bits, no NUL character, limited depth and size.
"""

import inspect
from collections.abc import Iterable, Iterator
from itertools import chain
from math import isfinite
from pathlib import Path
from traceback import TracebackException
from types import NoneType, TracebackType

import orjson

from baton.domain.json import Json
from baton.domain.run.outcome import Error, Failed, Succeeded
from baton.executor.functions.call import CallOutcome
from baton.executor.functions.plain_json import MAX_DEPTH, plain_json
from baton.executor.functions.plain_json import InvalidOutput as InvalidOutput  # noqa: PLC0414
from baton.executor.sdk import NonRetryableError, StepResult

INVALID_OUTPUT = "INVALID_OUTPUT"
MAX_OUTPUT_BYTES = 1_048_576
"""The largest output, and the largest context patch, in bytes of JSON."""

_MAX_MESSAGE = 8_192
_MAX_STACK = 32_768
_MAX_CODE = 100
_INT64 = range(-(2**63), 2**63)
_CONSTANTS = frozenset({NoneType, bool})
_CONSTANT_BYTES = 4
_JSON_EXACT_CLASSES = frozenset({dict, list, tuple, str, int, float, bool, NoneType})
_CONTAINERS = (dict, list, tuple)
_JSON_CLASSES = (dict, list, tuple, str, int, float)
_NO_CONVERSION = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_BATON_FOLDER = str(Path(__file__).parent)


def outcome_of_result(result: object) -> CallOutcome:
    """Return the outcome of a function that returned `result`."""
    if type(result) in _CONSTANTS:
        return Succeeded(output=result, size=_CONSTANT_BYTES)
    try:
        if isinstance(result, StepResult):
            return success(result.output, result.context)
        output, size = sized_copy(result)
        return Succeeded(output=output, size=size)
    except InvalidOutput as invalid:
        _close_coroutine(result)
        return failure(INVALID_OUTPUT, str(invalid))
    except BaseException as error:  # noqa: BLE001 - an author's object may raise anything
        return failure(INVALID_OUTPUT, _unwritable(error))


def outcome_of_exception(error: BaseException) -> Failed:
    """Return the outcome of a function that raised `error`.

    The error code is the exception's `code` if that is a short text, else the name of its class. A
    group of exceptions stands for a `NonRetryableError` in it, or for its only exception.
    """
    decisive = _decisive(error)
    return Failed(
        error=Error(code=_code(decisive), message=_message(decisive), stack=_stack(error)),
        retryable=not isinstance(decisive, NonRetryableError),
    )


def success(output: object, context: object) -> Succeeded:
    """Return a success with copies of an output and a context patch; raises InvalidOutput."""
    try:
        copied, size_of_context = sized_copy(context)
    except InvalidOutput as invalid:
        message = str(invalid).replace("the output", "the context patch", 1)
        raise InvalidOutput(message) from None
    if not isinstance(copied, (dict, NoneType)):
        raise InvalidOutput("the context patch is not a JSON object")
    copied_output, size = sized_copy(output)
    return Succeeded(output=copied_output, context=copied, size=size + size_of_context)


def failure(code: str, message: str, *, retryable: bool = False) -> Failed:
    """Return a failure that Baton itself reports; it has no stack."""
    return Failed(error=Error(code=code, message=storable_text(message)), retryable=retryable)


def json_copy(value: object) -> Json:
    """Return a deep copy of `value` made of plain JSON values; raises InvalidOutput.

    Models, dataclasses, dates, UUIDs, decimals, enums and sets are written as JSON.
    """
    return sized_copy(value)[0]


def json_or_none(value: object) -> Json:
    """Return a deep copy as `json_copy` makes it, or None where that is impossible."""
    try:
        return json_copy(value)
    except Exception:  # noqa: BLE001 - an author's object may raise anything
        return None


def sized_copy(value: object) -> tuple[Json, int]:
    """Return a deep copy as `json_copy` makes it, and its JSON in bytes; raises InvalidOutput."""
    try:
        return _copy(value)
    except InvalidOutput:
        return _copy(_plain(value))


def _plain(value: object) -> object:
    try:
        return plain_json(value)
    except InvalidOutput:
        raise
    except Exception as error:  # noqa: BLE001 - an author's model may raise anything
        raise InvalidOutput(_unwritable(error)) from None


def _copy(value: object) -> tuple[Json, int]:
    try:
        raw = orjson.dumps(value, option=_NO_CONVERSION)
    except TypeError as error:
        raise InvalidOutput(f"the output is not a JSON value: {error}") from None
    if len(raw) > MAX_OUTPUT_BYTES:
        raise InvalidOutput(f"the output has {len(raw)} bytes, the maximum is {MAX_OUTPUT_BYTES}")
    _check_depth_and_values(value)
    copied = orjson.loads(raw)
    if b"\\u0000" in raw and _contains_nul(copied):
        raise InvalidOutput("the output contains a NUL character")
    return copied, len(raw)


def storable_text(text: str) -> str:
    """Replace the characters of `text` that can't be stored: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\\0")


def _check_depth_and_values(value: object) -> None:
    """Check level by level, so that C code iterates over each level, however wide."""
    level: list[object] = [value]
    for _ in range(MAX_DEPTH + 1):
        _check_level(level)
        containers = [value for value in level if isinstance(value, _CONTAINERS)]
        if not containers:
            return
        level = [*chain.from_iterable(map(_members, containers))]
    raise InvalidOutput(f"the output is deeper than {MAX_DEPTH} levels")


def _check_level(level: list[object]) -> None:
    kinds = set(map(type, level))
    for kind in kinds - _JSON_EXACT_CLASSES:
        if not issubclass(kind, _JSON_CLASSES):
            raise InvalidOutput(f"the output is not a JSON value: it contains a {kind.__name__}")
    if int in kinds and not all(n in _INT64 for n in level if type(n) is int):
        raise InvalidOutput("the output contains an integer beyond 64 bits")
    if float in kinds and not all(isfinite(n) for n in level if type(n) is float):
        raise InvalidOutput("the output contains NaN or an infinity, which JSON can't express")


def _members(
    container: dict[object, object] | list[object] | tuple[object, ...],
) -> Iterable[object]:
    return container.values() if isinstance(container, dict) else container


def _contains_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_contains_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_contains_nul, value))


def _close_coroutine(result: object) -> None:
    """Prevent the warning about a coroutine that was never awaited."""
    if inspect.iscoroutine(result):
        result.close()


def _unwritable(error: BaseException) -> str:
    return f"the output can't be written as JSON: {_message(error)}"


def _decisive(error: BaseException) -> BaseException:
    """Return the exception that decides how an attempt failed; it may be inside a group."""
    inside = list(_exceptions_in(error))
    final = next((one for one in inside if isinstance(one, NonRetryableError)), None)
    return final or (inside[0] if len(inside) == 1 else error)


def _exceptions_in(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _exceptions_in(one)
    else:
        yield error


def _code(error: BaseException) -> str:
    try:
        code = str.__str__(getattr(error, "code", ""))  # the text of an enum's member, too
    except BaseException:  # noqa: BLE001 - an author's property may raise anything
        code = ""
    return code if 0 < len(code) <= _MAX_CODE and code.isprintable() else type(error).__name__


def _message(error: BaseException) -> str:
    try:
        return storable_text(str(error))[:_MAX_MESSAGE] or type(error).__name__
    except BaseException:  # noqa: BLE001 - an author's __str__ may raise anything
        return type(error).__name__


def _stack(error: BaseException) -> str | None:
    try:
        trace = _skip_baton_frames(error.__traceback__)
        exception = TracebackException(type(error), error, trace, compact=True)
        text = "".join(exception.format())
    except BaseException:  # noqa: BLE001 - an author's __str__ or __repr__ may raise anything
        return None
    return storable_text(text if len(text) <= _MAX_STACK else "…" + text[-_MAX_STACK:])


def _skip_baton_frames(trace: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback that begins in the user's code."""
    while trace and trace.tb_frame.f_code.co_filename.startswith(_BATON_FOLDER):
        trace = trace.tb_next
    return trace
