"""Why a request that changes a run may be refused, for the OpenAPI document."""

from typing import Final

NOT_CHANGED: Final = {
    400: "Invalid request body",
    403: "The token lacks the scope",
    404: "The tenant has no such run",
    409: "The run's status doesn't allow this",
}
