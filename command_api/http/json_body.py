"""Request bodies: the size limit, the JSON media types, and strict parsing."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from baton.command_api.http.refusal import MAX_FAULTS, Refused
from baton.domain.errors import Fault, Invalid
from baton.domain.json import JsonObject
from baton.protocols import strict_json
from baton.protocols.media_type import parse_media_type

MAX_BODY = strict_json.MAX_BYTES
MAX_DEPTH = strict_json.MAX_DEPTH
MAX_VALUES = strict_json.MAX_VALUES
INT64 = strict_json.INT64

M = TypeVar("M", bound=BaseModel)


def require_json(content_type: str | None) -> None:
    """Raise Refused 415 unless the media type is JSON, or ends in `+json`, in UTF-8."""
    media = parse_media_type(content_type)
    if not media.is_json or not media.name.startswith("application/"):
        message = "The body must be JSON: send Content-Type: application/json"
        raise Refused("unsupported_media_type", message)


def parse_json(raw: bytes, *, unique_keys: bool = False, max_values: int = MAX_VALUES) -> object:
    """Return the JSON value of `raw`; raises Refused 400.

    `unique_keys` also refuses repeated member names, for documents that are signed or hashed.
    """
    try:
        return strict_json.parse(raw, unique_keys=unique_keys, max_values=max_values)
    except Invalid as fault:
        raise Refused("validation_error", f"The body {fault.message}") from None


def parse_object(
    raw: bytes, *, unique_keys: bool = False, max_values: int = MAX_VALUES
) -> JsonObject:
    """Return the JSON object of `raw`; raises Refused 400."""
    value = parse_json(raw, unique_keys=unique_keys, max_values=max_values)
    if not isinstance(value, dict):
        message = "The body must be a JSON object"
        raise Refused("validation_error", message)
    return value


def parse_model(
    model: type[M], raw: bytes, *, max_values: int = MAX_VALUES
) -> tuple[M, JsonObject]:
    """Return the body as `model` and as sent; raises Refused 400 with the path of every fault."""
    value = parse_object(raw, max_values=max_values)
    try:
        return model.model_validate_json(raw), value
    except ValidationError as error:
        raise invalid_body(error, value) from None


def invalid_body(error: ValidationError, document: object) -> Refused:
    """Return a 400 with the first faults of pydantic's, each at its path in the document."""
    faults: dict[Fault, None] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        missing = item["type"] == "missing"
        path = _document_path(document, item["loc"], missing=missing)
        faults[Fault(path, "required" if missing else item["msg"])] = None
        if len(faults) == MAX_FAULTS:
            break
    return Refused("validation_error", "Invalid request body", faults=tuple(faults))


def _document_path(
    document: object, loc: tuple[str | int, ...], *, missing: bool
) -> tuple[str | int, ...]:
    """Return the path without the tags of unions that pydantic adds, which no document has."""
    path: list[str | int] = []
    here = document
    for at, part in enumerate(loc):
        try:
            here = here[part]  # type: ignore[index]
        except (LookupError, TypeError):
            if not missing or at < len(loc) - 1:
                continue
        path.append(part)
    return tuple(path)
