"""POST /graphql: queries and mutations.

A document that can't be parsed is 400, one over a limit is 400 with the code LIMIT_EXCEEDED. Every
other one is answered by 200, with `errors` where something went wrong. A mutation honors the
request's Idempotency-Key; its response is kept if it has no errors. Of operations, queries alone
go with `asOf`; the others are 400.
"""

from typing import Final

from graphql import GraphQLSyntaxError, OperationType

from baton.command_api.as_of import READS_ONLY, refuse_as_of
from baton.command_api.dialects.workflow_orchestration.graphql.documents import InvalidOperation
from baton.command_api.dialects.workflow_orchestration.graphql.errors import (
    error_of,
    limit_exceeded,
)
from baton.command_api.dialects.workflow_orchestration.graphql.execute import (
    Call,
    execute,
    prepare,
)
from baton.command_api.dialects.workflow_orchestration.graphql.field_errors import shown_errors
from baton.command_api.dialects.workflow_orchestration.graphql.limits import LimitExceeded
from baton.command_api.dialects.workflow_orchestration.graphql.operation_body import OperationBody
from baton.command_api.http.query_parameters import AS_OF
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext

_FROM_NOW_ON: Final = "isn't possible here: a subscription shows what changes from now on"
_NEEDS_WEBSOCKET: Final = "Subscriptions need a WebSocket with the protocol graphql-transport-ws"


class _NotKept(Exception):
    """The response of a mutation with errors or a secret, which isn't stored for repetitions."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


async def run_operation(context: RequestContext) -> Reply:
    """Execute a query or a mutation; raises Refused 400 and 415."""
    body = await context.parse(OperationBody)
    try:
        call = prepare(body)
    except LimitExceeded as error:
        return context.reply(400, {"errors": [limit_exceeded(str(error))]})
    except GraphQLSyntaxError as error:
        return context.reply(400, {"errors": shown_errors([error])})
    except InvalidOperation as error:
        return context.reply(200, {"errors": shown_errors(error.errors)})
    if AS_OF in context.query and call.kind is not OperationType.QUERY:
        refuse_as_of(_FROM_NOW_ON if call.kind is OperationType.SUBSCRIPTION else READS_ONLY)
    if call.kind is OperationType.SUBSCRIPTION:
        return context.reply(200, {"errors": [error_of("validation_error", _NEEDS_WEBSOCKET)]})
    if call.kind is OperationType.QUERY:
        return await _run(call, context)
    try:
        return await context.idempotently(lambda: _mutate(call, context))
    except _NotKept as response:
        return response.reply


async def _run(call: Call, context: RequestContext) -> Reply:
    response, operation = await execute(call, context)
    return context.reply(200, response, position=operation.position)


async def _mutate(call: Call, context: RequestContext) -> Reply:
    response, operation = await execute(call, context)
    reply = context.reply(200, response, position=operation.position)
    if "errors" in response or operation.shows_secret:
        raise _NotKept(reply)
    return reply
