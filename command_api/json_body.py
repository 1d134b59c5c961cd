"""The one reader of JSON that comes in: strict where parsers are lax.

orjson turns integers from 2^64 into floats, lets NUL through and reads to depth 1,024; it refuses
NaN, infinities, lone surrogates, bad UTF-8 and a BOM (orjson 3.13). What it lets through is found
here; a look at the bytes tells whether a document needs the slow look at all.
"""

import json
import re
from collections.abc import Iterable
from typing import TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from command_api.refusal import Refused
from domain.errors import Fault
from domain.json import JsonObject

MAX_BODY = 1024 * 1024
MAX_DEPTH = 64
INT64 = range(-(2**63), 2**63)

_LONG_NUMBER = re.compile(rb"\d{19}")
_LONGEST_INT64 = 20
_MEDIA_TYPE = re.compile(r"application/(?:json|[a-z0-9.!#$&^_-]+\+json)", re.IGNORECASE)

M = TypeVar("M", bound=BaseModel)


async def read_body(request: web.Request) -> bytes:
    """Return the raw body, unpacked; raises Refused 413 above `MAX_BODY`, 400 when it is broken."""
    if (request.content_length or 0) > MAX_BODY:
        raise _too_large()
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None
    except (web.RequestPayloadError, web.HTTPBadRequest):
        message = "The body could not be read"
        raise Refused("validation_error", message) from None


def require_json(content_type: str | None) -> None:
    """Raise Refused 415 unless the media type is JSON (or says to be of its family) in UTF-8."""
    media, _, parameters = (content_type or "").partition(";")
    charset = _charset(parameters)
    if _MEDIA_TYPE.fullmatch(media.strip()) is None or charset not in ("utf-8", "utf8", ""):
        message = "The body must be JSON: send Content-Type: application/json"
        raise Refused("unsupported_media_type", message)


def parse_json(raw: bytes, *, unique_keys: bool = False) -> object:
    """Return the value in `raw`; raises Refused 400.

    `unique_keys` refuses repeated member names, for documents that are signed or hashed.
    """
    if not raw:
        message = "The body is empty: JSON is expected"
        raise Refused("validation_error", message)
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        message = f"The body is not valid JSON (line {error.lineno}, column {error.colno})"
        raise Refused("validation_error", message) from None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        _require_depth(value)
    if b"\\u0000" in raw:
        _require_no_nul(value)
    if unique_keys or _LONG_NUMBER.search(raw):
        _look_closely(raw, unique_keys=unique_keys)
    return value


def parse_object(raw: bytes, *, unique_keys: bool = False) -> JsonObject:
    """Return the object in `raw`; raises Refused 400."""
    value = parse_json(raw, unique_keys=unique_keys)
    if not isinstance(value, dict):
        message = "The body must be a JSON object"
        raise Refused("validation_error", message)
    return value


def parse_model(model: type[M], raw: bytes) -> M:
    """Return the body as `model`; raises Refused 400 with the path of every fault."""
    value = parse_object(raw)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise invalid_body(error, value) from None


def invalid_body(error: ValidationError, document: object) -> Refused:
    """Return a 400 with one fault for each of pydantic's, told in the document's own paths."""
    faults = tuple(
        Fault(
            _own_path(document, item["loc"], missing=item["type"] == "missing"),
            "required" if item["type"] == "missing" else item["msg"],
        )
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    )
    return Refused("validation_error", "Invalid request body", faults=tuple(dict.fromkeys(faults)))


def _own_path(
    document: object, loc: tuple[str | int, ...], *, missing: bool
) -> tuple[str | int, ...]:
    """Drop the union tags that pydantic puts between the names: they stand in no document."""
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


def _too_large() -> Refused:
    return Refused("payload_too_large", f"The body is larger than {MAX_BODY} bytes")


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return ""


def _require_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    if any(isinstance(leaf, (dict, list)) for leaf in level):
        message = f"The body is nested deeper than {MAX_DEPTH} levels"
        raise Refused("validation_error", message)


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _require_no_nul(value: object) -> None:
    level = [value]
    while level:
        for found in level:
            names = found if isinstance(found, dict) else (found,)
            if any(isinstance(text, str) and "\0" in text for text in names):
                message = "The body holds a NUL character"
                raise Refused("validation_error", message)
        level = [child for parent in level for child in _children(parent)]


def _look_closely(raw: bytes, *, unique_keys: bool) -> None:
    """Read again with a parser that shows integers as they were written, and repeated names."""
    hook = _refuse_repeats if unique_keys else None
    json.loads(raw, parse_int=_int64, object_pairs_hook=hook)


def _int64(text: str) -> int:
    if len(text) <= _LONGEST_INT64 and int(text) in INT64:
        return int(text)
    message = "The body holds an integer outside -2^63 to 2^63-1"
    raise Refused("validation_error", message)


def _refuse_repeats(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        message = "The body repeats a member name"
        raise Refused("validation_error", message)
