"""JSON values as the domain sees them: opaque, compared and walked, never mutated."""

from collections.abc import Mapping
from typing import TypeAlias

Json: TypeAlias = object
JsonObject: TypeAlias = dict[str, object]
JsonView: TypeAlias = Mapping[str, object]
