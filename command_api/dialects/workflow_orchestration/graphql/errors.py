"""Refusals as GraphQL errors: `{message, locations?, path?, extensions: {code, details?}}`."""

from typing import Final, Literal

from pydantic import BaseModel, Field

from baton.command_api.dialect.error_words import ErrorDetail
from baton.command_api.dialects.workflow_orchestration.errors import WORDS
from baton.command_api.http.refusal import STATUS, ErrorCode, Refusal
from baton.domain.json import JsonObject

LIMIT_EXCEEDED: Final = "LIMIT_EXCEEDED"
"""The code of a document or an operation that is too large."""


class ErrorExtensions(BaseModel):
    """The machine-readable part of an error."""

    code: ErrorCode | Literal["LIMIT_EXCEEDED"]
    details: list[ErrorDetail] = Field(default_factory=list, description="Every fault of an input")


class Location(BaseModel):
    """A place in the document; both numbers count from 1."""

    line: int
    column: int


class ErrorShown(BaseModel):
    """One error. `path` leads to the field of the data that has it."""

    message: str
    locations: list[Location] = Field(default_factory=list)
    path: list[str | int] = Field(default_factory=list)
    extensions: ErrorExtensions


class Errors(BaseModel):
    """The body of a refused request."""

    errors: list[ErrorShown] = Field(min_length=1)


def render_error(refusal: Refusal) -> tuple[int, JsonObject]:
    """Return status and body of a refused request: `Errors`."""
    return STATUS[refusal.code], {"errors": [shown_refusal(refusal)]}


def limit_exceeded(message: str) -> JsonObject:
    """Return the error of a document that is larger than the server answers."""
    return {"message": message, "extensions": {"code": LIMIT_EXCEEDED}}


def error_of(code: ErrorCode, message: str) -> JsonObject:
    """Return an error that no field has."""
    return {"message": message, "extensions": {"code": code}}


def shown_refusal(refusal: Refusal) -> JsonObject:
    """Return a refusal as one error."""
    extensions: JsonObject = {"code": refusal.code}
    if refusal.faults:
        extensions["details"] = WORDS.details_of(refusal)
    return {"message": WORDS.message_of(refusal), "extensions": extensions}
