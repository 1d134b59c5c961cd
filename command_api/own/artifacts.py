"""GET /artifacts/{hash}: the value of an artifact that an answer named instead of showing it."""

from baton.command_api.dialect.contract import Route
from baton.command_api.http.artifact import ANY_JSON, show_artifact
from baton.command_api.principal import READ

ROUTES = (
    Route(
        method="GET",
        path="/artifacts/{hash}",
        handler=show_artifact,
        scope=READ,
        summary="Get the value of an artifact by the SHA-256 of its canonical JSON (RFC 8785)",
        operation_id="getArtifact",
        tag="Artifacts",
        content=ANY_JSON,
        problems={
            403: "The token lacks the scope",
            404: "The tenant has stored no value with this hash",
            500: "The stored value is damaged",
        },
    ),
)
