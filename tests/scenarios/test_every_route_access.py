"""Access to every route of every dialect: by token or API key, by scope and by tenant.

The routes come from the route tables: a new route is tested without an edit here.
"""

import pytest

from baton.command_api.principal import ADMIN, READ, WRITE
from tests.kit.stack import Response
from tests.scenarios.route_cases import CASES, SECURED, PreparedRoute, RouteCase
from tests.scenarios.stack import Stack, base_and_headers

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OF_A_TENANT = [case for case in CASES if case.knows_tenant]
OF_ALL_TENANTS = ("set", "kind")
"""Parameters that name what all tenants share."""
WITH_IDS = [
    (case, name) for case in OF_A_TENANT for name in case.parameters if name not in OF_ALL_TENANTS
]


def test_changing_needs_the_scope_to_write_and_reading_the_scope_to_read() -> None:
    """A route that reads by POST says so: it takes no Idempotency-Key. Some need more than that."""
    for case in SECURED:
        reads = case.route.method == "GET" or case.route.idempotent is False
        assert case.route.scope in (READ if reads else WRITE, ADMIN), str(case)


@pytest.mark.parametrize("case", SECURED, ids=str)
async def test_a_request_without_a_token_is_refused(
    prepared: PreparedRoute, case: RouteCase
) -> None:
    url, before = prepared.client.base + prepared.path, await prepared.stack.head()

    answer = await prepared.stack.call(case.route.method, url, json=prepared.body, anonymous=True)

    assert (answer.status, case.error_code(answer.body)) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await prepared.stack.changes_after(before) == []


@pytest.mark.parametrize("case", SECURED, ids=str)
async def test_a_credential_without_the_scope_is_refused(
    idle_for_each: Stack, case: RouteCase
) -> None:
    ids = await case.prepare(case.client(idle_for_each))
    path = case.path(ids)
    needed = case.route.scope
    other = {ADMIN: WRITE, WRITE: READ}.get(needed or READ, "other:write")
    body, before = case.body(ids), await idle_for_each.head()

    refused = await case.client(idle_for_each, scope=other).call(case.route.method, path, json=body)
    assert (refused.status, case.error_code(refused.body)) == (403, "forbidden")
    assert await idle_for_each.changes_after(before) == []

    for scope in (needed, ADMIN):
        allowed = await case.client(idle_for_each, scope=scope).call(
            case.route.method, path, json=body
        )
        assert allowed.status in (200, 201, 202, 204, 404, 409)
        assert allowed.status < 300 or scope == ADMIN


@pytest.mark.parametrize("case", SECURED, ids=str)
async def test_a_credential_of_another_tenant_is_refused(
    prepared_for_each: PreparedRoute, case: RouteCase
) -> None:
    client, stack = prepared_for_each.client, prepared_for_each.stack
    _, names_tenant = base_and_headers(case.dialect, client.tenant)
    stranger = case.client(stack, stack.other_tenant)

    answer = await stack.call(
        case.route.method,
        client.base + prepared_for_each.path,
        json=prepared_for_each.body,
        headers={**stranger.headers, **names_tenant},
        anonymous=True,
    )

    assert (answer.status, case.error_code(answer.body)) == (403, "forbidden")


@pytest.mark.parametrize(("case", "name"), WITH_IDS, ids=str)
async def test_an_id_of_another_tenant_is_not_found(
    prepared_for_each: PreparedRoute, case: RouteCase, name: str
) -> None:
    """The answer is the one for an id that doesn't exist, but for the id itself."""
    route = prepared_for_each
    theirs = await route.theirs()
    before = await route.stack.head()

    async def answer_for(ident: str) -> Response:
        path = case.path(route.ids, **{name: ident})
        headers = {"traceparent": TRACEPARENT}  # an envelope may show its trace id
        return await route.call(path=path, json=route.body, headers=headers)

    unknown = "00000000000000000000"
    of_another, of_unknown = await answer_for(theirs[name]), await answer_for(unknown)

    assert (of_another.status, of_unknown.status) == (404, 404)
    assert of_another.raw.replace(theirs[name].encode(), unknown.encode()) == of_unknown.raw
    assert await route.stack.changes_after(before) == []


@pytest.mark.parametrize("case", SECURED, ids=str)
async def test_a_tenant_sees_nothing_of_another(idle_for_each: Stack, case: RouteCase) -> None:
    """No response holds an id of the other tenant."""
    theirs = await case.prepare(case.client(idle_for_each, idle_for_each.other_tenant))
    client = case.client(idle_for_each)
    own = await case.prepare(client)

    answer = await client.call(case.route.method, case.path(own), json=case.body(own))

    secret = [ident for ident in theirs.values() if ident not in own.values()]
    assert not [ident for ident in secret if ident.encode() in answer.raw]


@pytest.mark.parametrize("case", OF_A_TENANT, ids=str)
async def test_an_idempotency_key_is_a_tenants_own(shared_idle: Stack, case: RouteCase) -> None:
    if case.route.method != "POST":
        assert not case.route.keyed
        return
    headers = {"Idempotency-Key": "shared"}
    answers = []
    for tenant in (shared_idle.tenant, shared_idle.other_tenant):
        client = case.client(shared_idle, tenant)
        ids = await case.prepare(client)
        answers.append(await client.post(case.path(ids), case.body(ids), headers=headers))

    first, second = [answer.status for answer in answers]
    assert first == second < 300 or (case.route.path, first, second) == ("/clock", 409, 409)
    assert not [answer for answer in answers if "Idempotent-Replayed" in answer.headers]
