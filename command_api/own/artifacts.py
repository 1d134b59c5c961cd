"""GET /artifacts/{hash}: the value of an artifact that an answer named instead of showing it."""

import logging
import re
from typing import Final

from baton.command_api.dialect.contract import Route
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ
from baton.eventlog.errors import Unreadable

_SHA256: Final = re.compile(r"[0-9a-f]{64}")

_log = logging.getLogger(__name__)


async def _show(context: RequestContext) -> Reply:
    sha256 = context.params["hash"]
    found = None
    if _SHA256.fullmatch(sha256):
        try:
            found = await context.services.values.find(context.tenant, sha256)
        except Unreadable as error:
            _log.error("%s", error)
            raise Refused("internal_error", f"The value is lost: {error}") from error
    if found is None:
        message = "There is no such artifact"
        raise Refused("not_found", message)
    return Reply(status=200, body=found)


ROUTES = (
    Route(
        method="GET",
        path="/artifacts/{hash}",
        handler=_show,
        scope=READ,
        summary="Get the value of an artifact by the SHA-256 of its canonical JSON (RFC 8785)",
        tag="Artifacts",
        problems={
            403: "The token lacks the scope",
            404: "The tenant has stored no value with this hash",
            500: "The stored value is damaged",
        },
    ),
)
