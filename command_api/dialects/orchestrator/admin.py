"""Operations: warms caches, and shows the health and the metrics of this server.

The queue of a tenant is its runs that were requested and haven't been started by an executor, and
the calls of its steps that wait for a place at one. A token shows the figures of its own tenant
alone.
"""

from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST

from baton.command_api.dialect.bodies import NoMembers
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.metrics_text import metrics_text
from baton.command_api.queue_depth import queue_depth
from baton.command_api.readiness import check_readiness, words_of

MAX_WARMED: Final = 1_000
"""Definitions that one request loads: as many as are kept in decoded form."""
_BATCH: Final = 50


async def warm(context: RequestContext) -> Reply:
    """Load the tenant's DAGs, so that the first start of each is as fast as the later ones."""
    await context.parse(NoMembers, required=False)
    definitions, tenant = context.services.definitions, context.tenant
    warmed, slug = 0, ""
    while warmed < MAX_WARMED:
        batch = await definitions.from_slug(tenant, slug, limit=_BATCH)
        for definition in batch:
            await definitions.by_slug(tenant, definition.slug)
            await definitions.get(tenant, definition.definition_id)
        warmed += len(batch)
        if len(batch) < _BATCH:
            break
        slug = f"{batch[-1].slug}\x01"
    return context.reply(200, {"warmed": min(warmed, MAX_WARMED)})


async def health(context: RequestContext) -> Reply:
    """Reply 200 if this server is ready, else 503; the body says why."""
    checks = await check_readiness(context.services)
    ready = all(checks.values())
    queued = await queue_depth(context.services, context.tenant)
    body = {
        "status": "ready" if ready else "unavailable",
        "live": True,
        "ready": ready,
        "checks": words_of(checks),
        "queueDepth": {context.tenant: queued},
    }
    return context.reply(200 if ready else 503, body)


async def metrics(context: RequestContext) -> Reply:
    """Reply with the metrics of this server in Prometheus' text format, as /metrics does."""
    text = metrics_text(context.services.metrics, (context.tenant,))
    return Reply(status=200, body=text, content_type=CONTENT_TYPE_LATEST)
