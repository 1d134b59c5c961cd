"""Each route of every dialect that changes something leaves an event that names its subject.

The routes come from the route tables: a new route is tested without an edit here.
"""

from typing import Any

import pytest

from baton.command_api.own.audit.actions import subjects_of
from tests.scenarios.route_cases import DIALECTS, RouteCase
from tests.scenarios.stack import Stack

AUDITOR = "someone who acts"
STORES_NOTHING = {
    "baton POST /definitions/{definition}/backtests",
    "baton POST /backtests/{backtestId}/stop",
    "baton POST /clock",
}
"""Operations whose jobs only read, or that this server refuses: its clock can't be moved."""


def changing(name: str) -> list[RouteCase]:
    """Return the cases of the routes of a dialect that need a credential and change something."""
    (dialect,) = (one for one in DIALECTS if one.name == name)
    return [
        RouteCase(dialect, route)
        for route in dialect.routes
        if route.scope is not None and route.method != "GET" and route.idempotent is not False
    ]


@pytest.mark.parametrize("name", [one.name for one in DIALECTS if changing(one.name)])
async def test_a_change_leaves_an_event_that_names_its_subject(idle: Stack, name: str) -> None:
    missing = []
    for number, case in enumerate(changing(name)):
        tenant = f"tenant-{number}"
        idle.tenant = tenant  # the kit's requests beside the client's act in the same tenant
        ids = await case.prepare(case.client(idle, tenant))
        client = case.client(idle, tenant, sub=AUDITOR)
        head = await idle.stores.events.head()
        answer = await client.call(case.route.method, case.path(ids), json=case.body(ids))
        assert answer.status < 300 or str(case) in STORES_NOTHING, (str(case), answer.raw)
        stored = await idle.stores.events.read_all(after=head, limit=1_000)
        found = [one for one in stored if AUDITOR in named(one.event)]
        if str(case) in STORES_NOTHING:
            assert not stored
        elif not found:
            missing.append(str(case))

    assert missing == []


def named(event: Any) -> tuple[str, ...]:
    return subjects_of(event) if hasattr(event, "actor") else ()
