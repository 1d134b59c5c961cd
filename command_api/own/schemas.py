"""GET /schemas/definition.json: the JSON Schema of Baton's own format, for editors and checks."""

from baton.command_api.dialect.contract import Route
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.definitions.format.schema import MEDIA_TYPE, schema_text


async def _show(_context: RequestContext) -> Reply:
    return Reply(status=200, body=schema_text().encode(), content_type=MEDIA_TYPE)


ROUTES = (
    Route(
        method="GET",
        path="/schemas/definition.json",
        handler=_show,
        scope=None,
        summary="The JSON Schema of a definition in Baton's own format",
        operation_id="getDefinitionSchema",
        tag="Service",
        content={MEDIA_TYPE: {"type": "object"}},
    ),
)
