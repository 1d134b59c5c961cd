"""The values of runs in OpenAPI documents: shown, named by their hash, or left out.

`run_values` makes the responses that these models describe.
"""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from baton.domain.json import Json, JsonObject


class _Instead(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, serialize_by_alias=True)

    bytes: int = Field(description="Its size as JSON", ge=0)


class NamedValue(_Instead):
    """Stands for a value that is too large for the response; GET /artifacts/{hash} returns it."""

    artifact: str = Field(
        alias="$artifact",
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of its canonical JSON (RFC 8785)",
    )


class OmittedValue(_Instead):
    """Stands for a value that is too large for a list or the response."""

    omitted: Literal[True] = Field(alias="$omitted", json_schema_extra={"enum": [True]})


ShownValue: TypeAlias = NamedValue | OmittedValue | Json
"""Any JSON value, or what stands for one."""
ShownObject: TypeAlias = NamedValue | OmittedValue | JsonObject
"""An object, or what stands for one."""
ShownMembers: TypeAlias = OmittedValue | dict[str, ShownValue]
"""An object whose members are shown one by one, or what stands for it."""
