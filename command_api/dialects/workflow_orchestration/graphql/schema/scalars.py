"""The scalars of the schema beside GraphQL's own."""

from collections.abc import Mapping
from typing import Final, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

DateTime = NewType("DateTime", str)
Milliseconds = NewType("Milliseconds", int)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("Milliseconds must be a whole number")  # noqa: TRY004 - GraphQL reports it
    return value


SCALARS: Final[Mapping[object, ScalarDefinition]] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description="A time in UTC as ISO-8601 text with milliseconds: 2025-05-21T21:26:58.211Z",
    ),
    Milliseconds: strawberry.scalar(
        name="Milliseconds",
        description="A duration in whole milliseconds, which may exceed 32 bits",
        parse_value=_whole,
    ),
}
