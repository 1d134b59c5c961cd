"""Scopes and lists of Centrali's dialects."""

import pytest

from baton.command_api.dialect.contract import discover
from tests.dialects.centrali_client import START_VERBS, centrali_client
from tests.dialects.centrali_requests import DEFINITION
from tests.scenarios.stack import Stack

NAMES = sorted(START_VERBS)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_webhooks_need_no_token(name: str) -> None:
    (dialect,) = (one for one in discover() if one.name == name)

    assert [route.path for route in dialect.routes if route.scope is None] == [
        "/orchestrations/{id}/webhook",
        "/webhooks/{path:.+}",
    ]


@pytest.mark.parametrize("name", NAMES)
async def test_a_list_shows_only_the_tenants_own(idle: Stack, name: str) -> None:
    await centrali_client(idle, name, "globex").create(DEFINITION)

    answer = await centrali_client(idle, name).get("/orchestrations")

    assert answer.body["data"] == []
    assert answer.body["meta"]["total"] == 0
