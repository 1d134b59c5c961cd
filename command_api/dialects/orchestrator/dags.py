"""Publishes, lists, shows and disables versions of DAGs."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

import orjson
from aiohttp import web

from baton.command_api.commands import NewVersion, disable_version, publish_version
from baton.command_api.dialect.bodies import NoMembers
from baton.command_api.dialect.lists.ndjson import export, refuse_paging, wants_ndjson
from baton.command_api.dialect.lists.page_tokens import SIZE, TOKEN, Position, token_page
from baton.command_api.dialects.orchestrator.dag_bodies import PublishDag
from baton.command_api.dialects.orchestrator.render_dags import is_active, render_dag
from baton.command_api.dialects.orchestrator.traces import traceparent_of
from baton.command_api.http.query_parameters import choice, single
from baton.command_api.http.refusal import refused_field
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.slug import is_slug
from baton.domain.definition.state import State
from baton.domain.definition.version_label import is_label, order_of
from baton.domain.errors import NotFound
from baton.domain.json import JsonObject
from baton.protocols.canonical_json import canonical
from baton.protocols.document_signatures import BadSignature

MAX_PAGE: Final = 500
_BATCH: Final = 20
"""Definitions that are read at once: each holds all its versions."""


async def publish(context: RequestContext) -> Reply:
    """Publish a version: 201, or 200 if the same version has the same content already."""
    body = await context.parse(PublishDag)
    document = await context.json_object(unique_keys=True)
    document.pop("signature", None)
    _verify(context, body.signature, document)
    new = NewVersion(
        definition_id=context.new_id(),
        slug=body.dag_id,
        label=body.label,
        graph=body.to_graph(),
        annotations=body.metadata,
        signature=body.signature,
    )
    result = await publish_version(context.services, context.principal, new, at=context.now())
    version = len(result.state.versions)
    if body.label is not None:
        version = result.state.number_of(body.label) or version
    status = 201 if result.changed else 200
    return context.reply(status, render_dag(result.state, version), position=result.position)


def _verify(context: RequestContext, signature: str | None, document: JsonObject) -> None:
    """Raise Refused 400 unless the DAG has the signature that it needs."""
    try:
        context.services.signatures.verify(signature, canonical(document))
    except BadSignature as fault:
        raise refused_field(str(fault), "signature") from None


async def show(context: RequestContext) -> Reply:
    """Show a version; raises NotFound."""
    definition, version = await load_version(context)
    return context.reply(200, render_dag(definition, version))


async def disable(context: RequestContext) -> Reply:
    """Disable a version, which starts no further run."""
    await context.parse(NoMembers, required=False)
    definition, version = await load_version(context)
    result = await disable_version(
        context.services, context.principal, definition.definition_id, version, at=context.now()
    )
    return context.reply(200, render_dag(result.state, version), position=result.position)


async def list_all(context: RequestContext) -> Reply | web.StreamResponse:
    """List versions by `dagId`, the highest version of each first; raises Refused 400."""
    if wants_ndjson(context):
        refuse_paging(context, TOKEN, SIZE)
        return await export(context, _rendered(context, None), traceparent_of(context))
    page = token_page(context, (str, str), max_size=MAX_PAGE)
    items: list[JsonObject] = []
    room = context.services.max_answer_bytes
    token = None
    async for item in _rendered(context, page.after):
        size = len(orjson.dumps(item))
        if items and (len(items) == page.size or (room and size > room)):
            token = page.token((str(items[-1]["dagId"]), str(items[-1]["version"])))
            break
        items.append(item)
        room -= size
    return context.reply(200, {"items": items, "nextPageToken": token})


async def load_version(context: RequestContext) -> tuple[State, int]:
    """Return the definition and the version that the path names; raises NotFound."""
    slug, label = context.params["dagId"], context.params["version"]
    definition = await find_dag(context, slug)
    version = None if definition is None else definition.number_of(label)
    if definition is None or version is None:
        raise NotFound("definition", slug)
    return definition, version


async def find_dag(context: RequestContext, slug: str) -> State | None:
    """Return the definition with a slug, None if the tenant has none."""
    if not is_slug(slug):
        return None
    return await context.services.definitions.by_slug(context.tenant, slug)


async def _rendered(
    context: RequestContext, after: Position | None
) -> AsyncGenerator[JsonObject, None]:
    """Yield the versions after `after` that match the query's filters."""
    active = choice(context.query, "active", ("true", "false"))
    only = single(context.query, "dagId")
    async for definition in _definitions(context, only, "" if after is None else str(after[0])):
        for version in definition.newest_first:
            if active is not None and is_active(definition, version) is not (active == "true"):
                continue
            if after is None or _is_behind(definition, version, after):
                yield render_dag(definition, version)


def _is_behind(definition: State, version: int, after: Position) -> bool:
    slug, label = map(str, after)
    if definition.slug != slug or not is_label(label):
        return definition.slug > slug
    return order_of(definition.publications[version].label) < order_of(label)


async def _definitions(
    context: RequestContext, only: str | None, slug: str
) -> AsyncIterator[State]:
    """Yield the definitions from `slug` on, in the order of slugs, or only the one named `only`."""
    if only is not None:
        found = await find_dag(context, only)
        if found is not None:
            yield found
        return
    queries = context.services.definitions
    while batch := await queries.from_slug(context.tenant, slug, limit=_BATCH):
        for definition in batch:
            yield definition
        if len(batch) < _BATCH:
            return
        slug = f"{batch[-1].slug}\x01"  # sorts after the slug, and before any other
