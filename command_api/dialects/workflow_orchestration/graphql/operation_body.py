"""The body of a request to /graphql."""

from baton.command_api.dialect.bodies import Model
from baton.domain.json import JsonObject


class OperationBody(Model):
    """An operation as clients send it. `extensions` are ignored: there are no persisted queries."""

    query: str
    operation_name: str | None = None
    variables: JsonObject | None = None
    extensions: JsonObject | None = None
