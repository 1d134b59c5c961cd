"""Records that nobody changes once they are made, on paths where making them is what costs.

The type checkers refuse every assignment, as they do for `dataclass(frozen=True)`; at run time
nothing does, because the initialiser of a frozen dataclass takes about three times as long.
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
    """Make `cls` a slotted record: compared and hashed by its fields, given by name by default.

    Without slots orjson writes it three times as fast, and it takes a little more memory.
    """

    def made(plain: type[T]) -> type[T]:
        return dataclass(slots=slots, unsafe_hash=True, kw_only=kw_only)(plain)

    return made if cls is None else made(cls)
