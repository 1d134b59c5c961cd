"""Shows the secret of a webhook in the response that registers it, and keeps it out of storage.

The response of a keyed request is stored for repetitions. It is stored without the secret, which is
read from its encrypted copy whenever the response is sent.
"""

from dataclasses import replace

import orjson

from baton.command_api.commands import webhook_secret
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.stream import stream_name
from baton.domain.webhook.decisions import DECIDER
from baton.eventlog.loops.load import load


async def show_secret(context: RequestContext, reply: Reply) -> Reply:
    """Return a reply with the `secret` of the webhook that its `id` names; see `Route.complete`."""
    shown = orjson.loads(reply.body)
    stream = stream_name(context.tenant, DECIDER.name, shown["id"])
    webhook = (await load(context.services.store, DECIDER, stream)).state
    shown["secret"] = await webhook_secret(context.services, webhook)
    return replace(reply, body=orjson.dumps(shown))
