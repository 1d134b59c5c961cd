"""Converts the payload to the model that annotates a function's first parameter."""

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, Final, TypeAlias, get_type_hints

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from baton.domain.json import JsonObject
from baton.executor.sdk import StepContext

_MEMBERS: Final = frozenset(("input", "context", "steps", "config"))
_ERRORS_SHOWN: Final = 5

Convert: TypeAlias = Callable[[JsonObject], object]
"""Returns the first argument of a function for a payload; raises InvalidInput."""


class InvalidInput(Exception):
    """The payload doesn't fit the annotation of the function; the message says where."""


def converter_of(target: Callable[..., object]) -> Convert | None:
    """Return the converter for the first argument of `target`, None if it takes the payload itself.

    A model that has a field named like a member of the payload is made from the payload. Any other
    model is made from the run's input. Raises TypeError for a context, and pydantic's errors for a
    type that it doesn't know.
    """
    model = _model_of(target)
    if model is None:
        return None
    if issubclass(model, StepContext):
        raise TypeError("the StepContext comes second, after the payload")
    adapter: TypeAdapter[object] = TypeAdapter(model)
    whole = not _MEMBERS.isdisjoint(_names(model))

    def convert(payload: JsonObject) -> object:
        source = payload if whole else payload.get("input")
        try:
            return adapter.validate_json(orjson.dumps(source))
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
        fields = model.model_fields.items()
        return {name for name, _ in fields} | {field.alias for _, field in fields if field.alias}
    return set(model.__dataclass_fields__)


def _message(error: ValidationError, root: str) -> str:
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    texts = [
        f"{'.'.join((root, *map(str, details['loc'])))}: {details['msg']}"
        for details in errors[:_ERRORS_SHOWN]
    ]
    more = len(errors) - len(texts)
    return "; ".join(texts) + (f" and {more} more" if more > 0 else "")
