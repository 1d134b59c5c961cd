"""Immutable records for hot paths, where the cost of creating them matters.

The type checkers refuse every assignment, as they do for `dataclass(frozen=True)`. An assignment at
run time isn't prevented, because that makes the initializer about three times as slow.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(cls: type[T], /) -> type[T]: ...


@overload
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(*, kw_only: bool = True, slots: bool = True) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(
    cls: type[T] | None = None, /, *, kw_only: bool = True, slots: bool = True
) -> type[T] | Callable[[type[T]], type[T]]:
    """Make `cls` an immutable record that is compared and hashed by its fields.

    Args:
        cls: The class, when the decorator is used without arguments.
        kw_only: Whether the initializer takes keyword arguments only.
        slots: Whether the record has slots. Without them orjson serializes it three times as fast,
            and it takes a little more memory.
    """

    def decorate(plain: type[T]) -> type[T]:
        return dataclass(slots=slots, unsafe_hash=True, kw_only=kw_only)(plain)

    return decorate if cls is None else decorate(cls)
