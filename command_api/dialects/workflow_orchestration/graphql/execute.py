"""Executes operations: prepares the document, and lets strawberry run it for one caller."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLError, OperationType
from strawberry.types import ExecutionResult

from baton.command_api.dialects.workflow_orchestration.graphql.documents import (
    Documents,
    Prepared,
)
from baton.command_api.dialects.workflow_orchestration.graphql.field_errors import shown_errors
from baton.command_api.dialects.workflow_orchestration.graphql.operation import Operation
from baton.command_api.dialects.workflow_orchestration.graphql.operation_body import OperationBody
from baton.command_api.dialects.workflow_orchestration.graphql.schema import SCHEMA
from baton.command_api.http.request_context import RequestContext
from baton.domain.json import JsonObject

_DOCUMENTS: Final = Documents()


@dataclass(frozen=True, slots=True)
class Call:
    """A valid operation with its variables."""

    body: OperationBody
    prepared: Prepared

    @property
    def kind(self) -> OperationType:
        """The kind of the operation."""
        return self.prepared.operation.operation


def prepare(body: OperationBody) -> Call:
    """Return the operation that `body` names.

    Raises LimitExceeded, GraphQLSyntaxError and InvalidOperation.
    """
    prepared = _DOCUMENTS.prepare(body.query, body.operation_name, body.variables or {})
    return Call(body, prepared)


async def execute(call: Call, context: RequestContext) -> tuple[JsonObject, Operation]:
    """Return the response of a query or mutation, and the operation as it was executed."""
    operation = Operation(context, call.prepared.document)
    result = await SCHEMA.execute(**_arguments(call, operation))
    return shown_result(result), operation


async def stream(call: Call, context: RequestContext) -> AsyncGenerator[ExecutionResult, None]:
    """Yield the results of an operation: one, or those of a subscription until it ends."""
    operation = Operation(context, call.prepared.document)
    results: Any = await SCHEMA.stream(**_arguments(call, operation))
    async with aclosing(results):
        async for result in results:
            yield result


def shown_result(result: ExecutionResult) -> JsonObject:
    """Return a result as responses show it: `{data, errors?}`, with errors in document order."""
    if not result.errors:
        return {"data": result.data}
    return {"data": result.data, "errors": shown_errors(sorted(result.errors, key=_place_of))}


def _place_of(error: GraphQLError) -> tuple[list[int], list[tuple[int, str]]]:
    """Return a sort key: fields fail in any order, but the same request has the same answer."""
    path = [(part, "") if isinstance(part, int) else (0, part) for part in error.path or ()]
    return [*(error.positions or ())], path


def _arguments(call: Call, operation: Operation) -> dict[str, Any]:
    name = call.prepared.operation.name
    return {
        "query": call.body.query,
        "variable_values": call.body.variables,
        "operation_name": None if name is None else name.value,
        "context_value": operation,
    }
