"""Checks a definition by the same rules as its creation, without a server."""

from typing import Protocol

from pydantic import BaseModel

from baton.command_api.dialect.definition_format import CheckedDefinition
from baton.command_api.dialect.error_words import ErrorWords
from baton.command_api.http import json_body
from baton.command_api.http.refusal import Refused
from baton.command_api.http.strictness import DocumentMember, unknown_members
from baton.domain.definition.messages import Body
from baton.domain.definition.slug import is_slug
from baton.domain.definition.validation import faults_of
from baton.domain.definition.version_label import faults_of_label
from baton.domain.errors import Fault


class Creation(Protocol):
    """The body that creates a definition in a dialect; it may have a `slug` and a `label`."""

    def body(self) -> Body:
        """Return the body of version 1; raises Refused 400."""


def check_definition(model: type[BaseModel], words: ErrorWords, raw: bytes) -> CheckedDefinition:
    """Return the parsed definition, with its faults and unknown members.

    Args:
        model: The model of the body that creates a definition; it is a `Creation`.
        words: The dialect's words for members.
        raw: The definition as JSON.
    """
    try:
        parsed, sent = json_body.parse_model(model, raw)
        created: Creation = parsed  # type: ignore[assignment]
        body = created.body()
    except Refused as refused:
        found = list(refused.refusal.faults) or [Fault((), refused.refusal.message)]
        return CheckedDefinition(found, [])
    faults = faults_of(body)
    faults[:0] = faults_of_label(getattr(parsed, "label", None))
    slug = getattr(parsed, "slug", None)
    if slug is not None and not is_slug(slug):
        faults.insert(0, Fault(("slug",), "must be 1 to 63 characters of a-z, 0-9 and -"))
    worded = [Fault((DocumentMember(words.field_of(fault)),), fault.message) for fault in faults]
    return CheckedDefinition(worded, unknown_members(parsed, sent), None if worded else body)
