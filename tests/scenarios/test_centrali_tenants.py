"""Who may do what: every route of both Centrali dialects by scope, by tenant, and by id."""

import pytest

from tests.scenarios.every_route import CASES, NAMES, Case, something
from tests.scenarios.stack import Stack

SECURED = [case for case in CASES if case.route.scope is not None]
WITH_IDS = [(case, name) for case in CASES for name in case.parameters]

SCOPES = {
    "GET": "orchestrator:read",
    "POST": "orchestrator:write",
    "PUT": "orchestrator:write",
    "DELETE": "orchestrator:write",
}


def test_every_route_says_what_it_demands() -> None:
    found = {str(case): case.route.scope for case in CASES}
    demanded = {
        str(case): SCOPES[case.route.method]
        for case in CASES
        if not case.route.path.startswith("/webhooks") and not case.route.path.endswith("webhook")
    }
    reading = [name for name in demanded if name.endswith("test-decision")]
    demanded.update(dict.fromkeys(reading, "orchestrator:read"))

    assert {name: scope for name, scope in found.items() if scope is not None} == demanded
    assert len(found) - len(demanded) == 4


@pytest.mark.parametrize("case", SECURED, ids=str)
async def test_nothing_is_done_without_a_token(idle: Stack, case: Case) -> None:
    client = idle.client(case.name)
    ids = await something(client)
    before = await idle.stored()

    answer = await idle.call(
        case.route.method, client.base + case.path(ids), json=case.body(), anonymous=True
    )

    assert (answer.status, answer.body["error"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await idle.stored() == before


@pytest.mark.parametrize("case", SECURED, ids=str)
async def test_the_scope_must_be_there(idle: Stack, case: Case) -> None:
    ids = await something(idle.client(case.name))
    needed = case.route.scope
    other = "orchestrator:read" if needed == "orchestrator:write" else "other:write"
    before = await idle.stored()

    refused = await idle.client(case.name, scope=other).call(
        case.route.method, case.path(ids), json=case.body() if case.takes_body else None
    )
    assert (refused.status, refused.body["error"]) == (403, "forbidden")
    assert await idle.stored() == before

    for scope in (needed, "orchestrator:admin"):
        allowed = await idle.client(case.name, scope=scope).call(
            case.route.method, case.path(ids), json=case.body() if case.takes_body else None
        )
        assert allowed.status in (200, 201, 204, 404, 409)
        assert allowed.status < 300 or scope == "orchestrator:admin"


@pytest.mark.parametrize("case", SECURED, ids=str)
async def test_a_workspace_is_closed_to_other_tenants(idle: Stack, case: Case) -> None:
    client = idle.client(case.name)
    ids = await something(client)
    stranger = idle.client(case.name, "globex")

    answer = await idle.call(
        case.route.method,
        client.base + case.path(ids),
        json=case.body() if case.takes_body else None,
        headers=stranger.headers,
        anonymous=True,
    )

    assert (answer.status, answer.body["error"]) == (403, "forbidden")


@pytest.mark.parametrize(("case", "name"), WITH_IDS, ids=str)
async def test_another_tenants_id_names_nothing(idle: Stack, case: Case, name: str) -> None:
    if name == "stepId":
        theirs = {"stepId": "only-theirs"}
        mine = await something(idle.client(case.name))
    else:
        theirs = await something(idle.client(case.name, "globex"))
        if name == "path":
            mine = {}
        else:
            mine = await something(idle.client(case.name))
    before = await idle.stored()
    body = case.body() if case.takes_body else None

    async def answered(ident: str):
        path = case.path({**mine, "path": "hook"}, **{name: ident})
        return await idle.client(case.name).call(case.route.method, path, json=body)

    of_another, of_nobody = await answered(theirs[name]), await answered("00000000000000000000")

    assert (of_another.status, of_nobody.status) == (404, 404)
    if name != "stepId":
        assert of_another.body == of_nobody.body
    assert await idle.stored() == before


@pytest.mark.parametrize("name", NAMES)
async def test_lists_show_one_tenants_own(idle: Stack, name: str) -> None:
    await something(idle.client(name, "globex"))

    answer = await idle.client(name).get("/orchestrations")

    assert answer.body["data"] == []
    assert answer.body["meta"]["total"] == 0


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_an_idempotency_key_is_a_tenants_own(idle: Stack, case: Case) -> None:
    if case.route.method != "POST":
        assert not case.route.keyed
        return
    headers = {"Idempotency-Key": "shared"}
    answers = []
    for tenant in ("acme", "globex"):
        client = idle.client(case.name, tenant)
        ids = await something(client)
        answers.append(await client.post(case.path(ids), case.body(), headers=headers))

    assert [answer.status for answer in answers] in ([200, 200], [201, 201])
    assert not [answer for answer in answers if "Idempotent-Replayed" in answer.headers]
