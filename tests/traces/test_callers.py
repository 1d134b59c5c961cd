"""The trace context of a caller: clients start runs in their trace, webhooks are linked to it."""

import pytest
from pydantic import SecretStr

from baton.domain.run.messages.run_events import RunRequested
from baton.protocols.trace_context import TraceParent
from baton.settings import Settings
from tests.dialects.baton_documents import own_definition
from tests.kit.stack import SECRET, RunningServer, running_roles

CALLER = f"00-{'ab' * 16}-{'cd' * 8}-01"
TRACED = {"traceparent": CALLER}
ORDERS = own_definition("orders", trigger={"webhook": None})
CONTINUED, LINKED = (CALLER, None), (None, CALLER)


@pytest.mark.parametrize(
    ("parent", "by_client", "by_webhook"),
    [(None, CONTINUED, LINKED), ("child", CONTINUED, CONTINUED), ("link", LINKED, LINKED)],
)
async def test_a_setting_decides_whether_a_caller_is_a_parent_or_a_link(
    parent: TraceParent | None,
    by_client: tuple[str | None, str | None],
    by_webhook: tuple[str | None, str | None],
) -> None:
    settings = Settings(store="memory:", jwt_secret=SecretStr(SECRET), trace_parent=parent)
    async with running_roles(settings, RunningServer) as server:
        made = await server.post("/definitions", ORDERS)
        assert made.status == 201, made.raw
        hook = f"/orchestration/ws/acme/api/v1/orchestrations/{made.body['id']}/webhook"
        started = await server.post("/runs", {"definition": "orders"}, headers=TRACED)
        assert started.status == 201, started.raw
        again = f"/runs/{started.body['id']}/rerun"
        answers = [
            await server.post(hook, {}, headers=TRACED, anonymous=True),
            await server.post(again, {"from": "start"}, headers=TRACED),
        ]
        requested = [one for one in await server.stored() if isinstance(one, RunRequested)]

    assert [one.status for one in answers] == [200, 201]
    assert {one.trigger.kind: (one.traceparent, one.linked_traceparent) for one in requested} == {
        "manual": by_client,
        "webhook": by_webhook,
        "rerun": by_client,
    }
