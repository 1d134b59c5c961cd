"""The messages of one operation: `next` for each result, then `complete`, or `error`."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from graphql import GraphQLSyntaxError, OperationType
from pydantic import ValidationError

from baton.command_api.dialects.workflow_orchestration.graphql.documents import InvalidOperation
from baton.command_api.dialects.workflow_orchestration.graphql.errors import limit_exceeded
from baton.command_api.dialects.workflow_orchestration.graphql.execute import (
    Call,
    prepare,
    shown_result,
    stream,
)
from baton.command_api.dialects.workflow_orchestration.graphql.field_errors import shown_errors
from baton.command_api.dialects.workflow_orchestration.graphql.limits import LimitExceeded
from baton.command_api.dialects.workflow_orchestration.graphql.operation_body import OperationBody
from baton.command_api.dialects.workflow_orchestration.graphql.socket.closings import invalid
from baton.command_api.dialects.workflow_orchestration.graphql.socket.messages import (
    ProtocolError,
)
from baton.command_api.http.request_context import RequestContext
from baton.domain.json import JsonObject


async def messages_of(
    payload: JsonObject, context: RequestContext
) -> AsyncGenerator[JsonObject, None]:
    """Yield the messages without their id; raises ProtocolError for a payload of another shape."""
    try:
        call = prepare(_body(payload))
    except LimitExceeded as error:
        yield _error([limit_exceeded(str(error))])
        return
    except GraphQLSyntaxError as error:
        yield _error(shown_errors([error]))
        return
    except InvalidOperation as error:
        yield _error(shown_errors(error.errors))
        return
    async with aclosing(_results(call, context)) as messages:
        async for message in messages:
            yield message


async def _results(call: Call, context: RequestContext) -> AsyncGenerator[JsonObject, None]:
    subscribed = call.kind is OperationType.SUBSCRIPTION
    async with aclosing(stream(call, context)) as results:
        async for result in results:
            shown = shown_result(result)
            if subscribed and result.data is None and result.errors:
                yield _error(shown["errors"])  # its events have ended
                return
            yield {"type": "next", "payload": shown}
    yield {"type": "complete"}


def _body(payload: JsonObject) -> OperationBody:
    try:
        return OperationBody.model_validate(payload)
    except ValidationError:
        raise ProtocolError(invalid("Invalid message: its payload isn't an operation")) from None


def _error(errors: object) -> JsonObject:
    return {"type": "error", "payload": errors}
