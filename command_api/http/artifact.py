"""The value of an artifact that a response replaced by its hash."""

import logging
import re
from collections.abc import Mapping
from typing import Final

from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.json import JsonObject
from baton.eventlog.errors import Unreadable

_SHA256: Final = re.compile(r"[0-9a-f]{64}")

ANY_JSON: Final[Mapping[str, JsonObject]] = {"application/json": {}}
"""The content of a reply with an artifact, in the OpenAPI document."""

_log = logging.getLogger(__name__)


async def show_artifact(context: RequestContext) -> Reply:
    """Reply with the tenant's value whose hash the path names; raises Refused 404 and 500."""
    sha256 = context.params["hash"]
    value = None
    if _SHA256.fullmatch(sha256):
        try:
            value = await context.services.values.find(context.tenant, sha256)
        except Unreadable as error:
            _log.error("%s", error)
            raise Refused("internal_error", f"The value is lost: {error}") from error
    if value is None:
        message = "There is no such artifact"
        raise Refused("not_found", message)
    return Reply(status=200, body=value)
