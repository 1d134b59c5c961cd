"""Members of a body that its model doesn't know: they aren't stored, and the response names them.

A request is lenient by default: the response has a `Warning` (RFC 9111's former field) that names
each of them with its path and the nearest known name. `Prefer: handling=strict` (RFC 7240, 4.4)
refuses the request instead. The known members are those of the pydantic model.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Final, ForwardRef, get_args

from pydantic import BaseModel

from baton.command_api.http.refusal import Refused
from baton.domain.errors import Fault
from baton.domain.nearest_name import did_you_mean

WARNING: Final = "Warning"
APPLIED: Final = ("Preference-Applied", "handling=strict")
STRICT: Final = "handling=strict"
MAX_NAMED: Final = 10
"""The number of members that one response names."""
_MAX_NAME: Final = 64
_SAFE: Final = range(0x20, 0x7F)
_UNUSED: Final = "unused_members"


class DocumentMember(str):
    """A name as a document writes it, which no dialect translates."""

    __slots__ = ()


def unknown_members(model: BaseModel, document: object) -> list[Fault]:
    """Return at most `MAX_NAMED` faults, and one more that counts the rest.

    Args:
        model: The document as read. A model may have the class attribute `read_only` (names that
            are ignored without a warning) and the property `unused_members` (names that it knows
            but that another of its members makes meaningless).
        document: The document as sent.
    """
    known = _known_members(type(model))
    if known.flat and isinstance(document, dict) and known.names.keys() >= document.keys():
        return []  # as nearly every request does that starts a run
    return bounded(_walk(model, document, ()))


def unknown_member(path: tuple[str | int, ...], known: Iterable[str]) -> Fault:
    """Return the fault of the unknown member at `path`; `known` are the names allowed there."""
    *around, name = path
    hint = did_you_mean(str(name)[:_MAX_NAME], known)
    return Fault(_place(tuple(around), str(name)), f"is unknown{hint}")


def bounded(faults: Iterable[Fault]) -> list[Fault]:
    """Return the first `MAX_NAMED` of `faults`, and one more that counts the rest."""
    named = list(islice(faults, MAX_NAMED + 1))
    if len(named) > MAX_NAMED:
        named[MAX_NAMED] = Fault((), "there are more members that aren't known")
    return named


def warning_of(faults: Sequence[Fault]) -> str:
    """Return the value of the `Warning` header that names `faults`."""
    return ", ".join(f'299 baton "{_quoted(fault)}"' for fault in faults)


def refusal_of_unknown(faults: Sequence[Fault]) -> Refused:
    """Return the 400 of a strict request."""
    name, value = APPLIED
    return Refused(
        "validation_error", "Invalid request body", faults=tuple(faults), headers={name: value}
    )


def _walk(model: object, document: object, path: tuple[str | int, ...]) -> Iterator[Fault]:
    if isinstance(model, list) and isinstance(document, list):
        for index, (element, sent) in enumerate(zip(model, document, strict=False)):
            yield from _walk(element, sent, (*path, index))
    elif isinstance(model, BaseModel) and isinstance(document, dict):
        yield from _walk_members(model, document, path)


def _walk_members(
    model: BaseModel, document: Mapping[str, object], path: tuple[str | int, ...]
) -> Iterator[Fault]:
    known = _known_members(type(model))
    unused: frozenset[str] = getattr(model, _UNUSED) if known.some_unused else frozenset()
    for name, sent in document.items():
        if name in unused and sent is not None:
            ignored = "is ignored here: another member says that it isn't used"
            yield Fault(_place(path, name), ignored)
        elif name in known.names:
            member = getattr(model, known.names[name])
            if isinstance(member, (BaseModel, list)):
                yield from _walk(member, sent, _place(path, name))
        elif name not in known.read_only:
            yield unknown_member((*path, name), known.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _KnownMembers:
    """The members of a model by their names in a document, and the hints for `unknown_members`.

    Kept per class, because looking up an attribute that a pydantic model lacks takes long.
    """

    names: Mapping[str, str]
    read_only: frozenset[str]
    some_unused: bool
    flat: bool


@cache
def _known_members(model: type[BaseModel]) -> _KnownMembers:
    names = {field.alias or name: name for name, field in model.model_fields.items()}
    read_only: frozenset[str] = getattr(model, "read_only", frozenset())
    some_unused = hasattr(model, _UNUSED)
    fields = model.model_fields.values()
    flat = not some_unused and not any(_holds_models(field.annotation) for field in fields)
    return _KnownMembers(names=names, read_only=read_only, some_unused=some_unused, flat=flat)


def _holds_models(annotation: object) -> bool:
    """Return whether values of a type may be models, or contain some."""
    if isinstance(annotation, ForwardRef) or hasattr(annotation, "__value__"):
        return True  # a name of another type, which may be recursive
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return any(_holds_models(argument) for argument in get_args(annotation))


def _place(path: tuple[str | int, ...], name: str) -> tuple[str | int, ...]:
    return (*path, DocumentMember(name[:_MAX_NAME]))


def _quoted(fault: Fault) -> str:
    """Return a fault as the content of a quoted string: printable ASCII, escaped."""
    text = f"{fault.place} {fault.message}".strip()
    plain = "".join(character if ord(character) in _SAFE else "?" for character in text)
    return plain.replace("\\", "\\\\").replace('"', '\\"')
