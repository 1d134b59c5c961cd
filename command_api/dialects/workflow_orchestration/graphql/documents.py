"""Parses and validates documents, and keeps those that were used last."""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    build_schema,
    parse,
    validate,
)

from baton.command_api.dialects.workflow_orchestration.graphql.limits import (
    LimitExceeded,
    check_limits,
)
from baton.command_api.dialects.workflow_orchestration.graphql.schema import SCHEMA

MAX_TOKENS: Final = 1_000
MAX_CHARACTERS: Final = 64 * 1024
"""Characters of one document; large values belong into the variables."""
MAX_COMMENTS: Final = 1_000
MAX_ERRORS: Final = 20
"""Faults of one document that a response names."""
MAX_KEPT: Final = 64
"""Parsed documents that are kept; one takes up to a megabyte."""

_NUL: Final = re.compile(r"\\u(?:0000|\{0+\})")
"""The escapes of the character that no text of Baton has."""
_ABORTED: Final = ("Document contains more than", "Document is nested too deeply")
"""The beginnings of the parser's messages about its limits."""
_TOO_MUCH_WORK: Final = "Validation aborted."
"""The message of a validation that took more steps than graphql-core allows."""


class InvalidOperation(Exception):
    """The document is readable, and can't be executed; `errors` say why."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Prepared:
    """A valid document and the operation of it that is to be executed."""

    document: DocumentNode
    operation: OperationDefinitionNode


@dataclass(slots=True)
class _Parsed:
    document: DocumentNode
    errors: Sequence[GraphQLError] | None = None
    """The faults that validation found, None before it."""


class Documents:
    """The documents of one process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Parsed] = OrderedDict()

    def prepare(
        self, text: str, operation_name: str | None, variables: Mapping[str, object]
    ) -> Prepared:
        """Return the operation of a document.

        Raises:
            LimitExceeded: The document or an operation of it is too large.
            GraphQLSyntaxError: It can't be parsed.
            InvalidOperation: It doesn't fit the schema, or has no such operation.

        """
        parsed = self._parsed(text)
        check_limits(parsed.document, variables)
        if parsed.errors is None:
            parsed.errors = validate(_graphql_schema(), parsed.document, max_errors=MAX_ERRORS)
        if any(error.message == _TOO_MUCH_WORK for error in parsed.errors):
            raise LimitExceeded("The document takes too long to validate: it has too many fields")
        if parsed.errors:
            raise InvalidOperation(parsed.errors)
        return Prepared(parsed.document, _operation(parsed.document, operation_name))

    def _parsed(self, text: str) -> _Parsed:
        prepared = self._kept.get(text)
        if prepared is not None:
            self._kept.move_to_end(text)
            return prepared
        prepared = self._kept[text] = _Parsed(_parse(text))
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return prepared


def _parse(text: str) -> DocumentNode:
    if len(text) > MAX_CHARACTERS:
        raise LimitExceeded(f"A document may have {MAX_CHARACTERS} characters, not {len(text)}")
    if _NUL.search(text):
        raise InvalidOperation([GraphQLError("A text of the document has a NUL character")])
    try:
        return parse(
            text,
            max_lexical_tokens=MAX_TOKENS,
            max_comments=MAX_COMMENTS,
            allow_empty_selection_sets=False,
        )
    except GraphQLSyntaxError as error:
        message = error.message.removeprefix("Syntax Error: ")
        if message.startswith(_ABORTED):
            raise LimitExceeded(message) from None
        raise


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """Return the operation called `name`, or the only one; raises InvalidOperation."""
    operations = [
        definition
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        and (name is None or (definition.name is not None and definition.name.value == name))
    ]
    if len(operations) == 1:
        return operations[0]
    if name is None:
        message = "Name the operation in operationName: the document has several"
    else:
        message = f"The document has no operation '{name}'"
    raise InvalidOperation([GraphQLError(message)])


@cache
def _graphql_schema() -> GraphQLSchema:
    """Return the schema as it is printed, for validation."""
    return build_schema(SCHEMA.as_str())
