"""The versions of the API: in the path, or in the Accept header.

A path without a version is that of version 1 unless the header says otherwise. Version 2 wraps
lists as `{items, total, limit, offset}`; in all else they are the same.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, TypeAlias, get_args

from aiohttp import web

from baton.command_api.dialect.contract import Handler, Route
from baton.command_api.dialect.paging import Page
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import JSON, Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.json import JsonObject

Version: TypeAlias = Literal["v1", "v2"]
VERSIONS: Final[tuple[Version, ...]] = get_args(Version)

_MEDIA_TYPE: Final = "application/vnd.workflow-orchestration.{}+json"
_VENDOR: Final = re.compile(r"application/vnd\.workflow-orchestration\.([^;,+\s]+)\+json")
_ANY_JSON: Final = frozenset(("*/*", "application/*", "application/json"))


def versioned(route: Route) -> Route:
    """Return the route with a handler that refuses unknown versions and names the one it uses."""
    return replace(route, handler=_in_version(route.handler))


def api_version(context: RequestContext) -> Version:
    """Return the version that a request wants; raises Refused 406 for one that doesn't exist."""
    in_path = next(
        (version for version in VERSIONS if context.request.path.startswith(f"/api/{version}/")),
        None,
    )
    accepted = _accepted(context)
    if accepted is not None and in_path not in (None, accepted):
        message = f"The path is of version {in_path}, the Accept header of {accepted}"
        raise Refused("not_acceptable", message)
    return in_path or accepted or "v1"


def reply_with_list(
    context: RequestContext, items: Sequence[JsonObject], page: Page, total: int
) -> Reply:
    """Reply with a page of a list in the form of the request's version.

    Args:
        context: The request.
        items: The items of the page.
        page: The page that the request asks for.
        total: The number of all items.
    """
    if api_version(context) == "v1":
        return context.reply(200, items)
    body = {"items": items, "total": total, "limit": page.limit, "offset": page.offset}
    return context.reply(200, body)


def _in_version(handler: Handler) -> Handler:
    async def handle(context: RequestContext) -> Reply | web.StreamResponse:
        version = api_version(context)
        answer = await handler(context)
        if _accepted(context) is None or not isinstance(answer, Reply):
            return answer
        if answer.content_type != JSON:
            return answer
        return replace(answer, content_type=_MEDIA_TYPE.format(version))

    return handle


def _accepted(context: RequestContext) -> Version | None:
    """Return the version that the Accept header names, None if it names none."""
    if "Accept" not in context.headers:
        return None
    header = ",".join(context.headers.getall("Accept"))
    accepted = _VENDOR.findall(header)
    known = next((version for version in VERSIONS if version in accepted), None)
    if known is None and accepted and _ANY_JSON.isdisjoint(_media_ranges(header)):
        message = (
            f"There is no version {accepted[0][:20]} of this API: it has {', '.join(VERSIONS)}"
        )
        raise Refused("not_acceptable", message)
    return known


def _media_ranges(header: str) -> set[str]:
    return {part.partition(";")[0].strip() for part in header.split(",")}
