"""Turns the payload into the model that a function's first parameter is annotated with."""

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, Final, TypeAlias, get_type_hints

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from baton.domain.json import JsonObject

_MEMBERS: Final = frozenset(("input", "context", "steps", "config"))
_ERRORS_SHOWN: Final = 5

Convert: TypeAlias = Callable[[JsonObject], object]
"""Returns the first argument of a function for a payload; raises InvalidInput."""


class InvalidInput(Exception):
    """The payload doesn't fit the annotation of the function; the message says where."""


def converter_of(target: Callable[..., object]) -> Convert | None:
    """Return what makes the first argument of `target`, None if that is the payload itself.

    A model with at least one of the payload's members describes the payload. Any other describes
    the run's input.
    """
    model = _model_of(target)
    if model is None:
        return None
    adapter: TypeAdapter[object] = TypeAdapter(model)
    whole = not _MEMBERS.isdisjoint(_names(model))

    def convert(payload: JsonObject) -> object:
        given = payload if whole else payload.get("input")
        try:
            return adapter.validate_json(orjson.dumps(given))
        except ValidationError as error:
            raise InvalidInput(_message(error, "payload" if whole else "input")) from None

    return convert


def _model_of(target: Callable[..., object]) -> type | None:
    called = target if inspect.isroutine(target) else getattr(target, "__call__", target)  # noqa: B004
    try:
        first = next(iter(inspect.signature(target).parameters))
        annotation = get_type_hints(called).get(first)
    except Exception:  # noqa: BLE001 - no parameter, or a name that exists for type checkers only
        return None
    if not isinstance(annotation, type):
        return None
    return annotation if issubclass(annotation, BaseModel) or is_dataclass(annotation) else None


def _names(model: Any) -> set[str]:
    if issubclass(model, BaseModel):
        found = model.model_fields.items()
        return {name for name, _ in found} | {field.alias for _, field in found if field.alias}
    return set(model.__dataclass_fields__)


def _message(error: ValidationError, root: str) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    shown = [
        f"{'.'.join((root, *map(str, one['loc'])))}: {one['msg']}" for one in found[:_ERRORS_SHOWN]
    ]
    more = len(found) - len(shown)
    return "; ".join(shown) + (f" and {more} more" if more > 0 else "")
