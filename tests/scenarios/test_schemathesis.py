"""schemathesis against the running server: no 5xx, and every response matches its document.

Each run tries the same examples: valid and invalid requests, with ids that exist and with others.
schemathesis uses a blocking client, so it runs in a thread beside the server's loop.
"""

import asyncio
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.result import Ok

from baton.command_api.dialect.contract import Dialect
from baton.command_api.dialect.openapi import path_prefix
from baton.command_api.principal import ADMIN
from baton.roles import executor
from tests.scenarios.route_cases import DIALECTS, SAMPLES, with_ids
from tests.scenarios.stack import Client, Stack

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = settings(
    max_examples=5,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
"""For each operation, of requests that fit its document and again of ones that don't."""


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the executor at once: the steps that were started and held never end."""
    monkeypatch.setattr(executor, "GRACE_S", 0.0)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
async def test_no_request_leads_to_a_server_error_and_every_answer_fits(
    memory: Stack, dialect: Dialect
) -> None:
    name = dialect.name
    client = memory.client(name, scope=ADMIN)
    document = (await memory.get(f"/openapi/{name}.json", anonymous=True)).body
    ids = await SAMPLES[name].prepare(client, dialect.routes[0])

    answered = await asyncio.to_thread(fuzz, document, client, ids)

    assert len(answered) == len([route for route in dialect.routes if not route.live])
    assert {status // 100 for statuses in answered.values() for status in statuses} == {2, 4}
    refused = {name for name, statuses in answered.items() if min(statuses) >= 300}
    assert refused & getattr(SAMPLES[name], "ANSWERED", refused) == set()


def fuzz(document: dict[str, Any], client: Client, ids: dict[str, str]) -> dict[str, set[int]]:
    """Try every operation but streams without an end; return the statuses of its responses.

    PUT comes after all others and then DELETE, of what was created last first.
    """
    schema = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    operations = [one for one in operations if "101" not in one.definition.raw["responses"]]
    last = {"put": 1, "delete": 2}
    operations.reverse()
    operations.sort(key=lambda operation: last.get(operation.method, 0))
    answered: dict[str, set[int]] = {}
    with requests.Session() as session:
        session.headers.update(client.headers)
        for operation in operations:
            answered[operation.label] = attempt(operation, client, ids, session)
    return answered


def attempt(
    operation: APIOperation, client: Client, ids: dict[str, str], session: requests.Session
) -> set[int]:
    statuses: set[int] = set()
    raw = operation.definition.raw  # an open operation without a body refuses nothing
    numbers = count()

    def answer(case: Case, *, known: bool) -> None:
        if not statuses:  # the first request names what exists, and asks for nothing special
            known, case.query = True, {}
        if known:
            case.path_parameters = {name: ids[name] for name in case.path_parameters or {}}
            distinct_body = getattr(SAMPLES[client.dialect.name], "distinct_body", None)
            if distinct_body is not None:
                case.body = distinct_body(operation.label, case.body, next(numbers))
            case.body = with_ids(case.body, ids)
        url = client.stack.url + client.base.removesuffix(path_prefix(client.dialect))
        response = case.call_and_validate(base_url=url, session=session, checks=CHECKS)
        statuses.add(response.status_code)

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        cases = operation.as_strategy(generation_mode=mode)
        every_request_fits = mode is GenerationMode.NEGATIVE and "security" in raw
        with suppress(*[Unsatisfiable] * every_request_fits):
            EXAMPLES(given(case=cases, known=st.booleans())(answer))()
    return statuses
