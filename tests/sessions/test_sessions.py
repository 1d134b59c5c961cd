"""Sessions of the UI: every kind of credential, every refusal, and every way in which they end."""

import logging
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from baton.command_api.commands.access import AccessStores, remove_user
from baton.command_api.streaming import credential
from baton.domain.access.messages import AccessRefused, SignedIn, SignedOut
from baton.settings import Settings
from tests.dialects.workflow_orchestration import LOGIN, add_login
from tests.kit.actors import BOB
from tests.kit.api_keys import create_key, revoke_key
from tests.kit.eventually import eventually
from tests.kit.stack import SECRET, RunningServer, bearer, running_roles, token
from tests.kit.streams import reading
from tests.sessions.session_client import SessionClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
DIALECTS = (
    "/orchestration/ws/acme/api/v1/orchestrations",
    "/orchestration/api/v1/workspaces/acme/orchestrations",
    "/api/workflows",
    "/v1/workflows",
    "/api/v1/orchestrator/dags",
)
TENANT = {"X-Stella-Tenant": "acme"}
OTHER_HOST = "baton.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    settings = Settings(
        data=folder,
        store="memory:",
        jwt_secret=SecretStr(SECRET),
        notary=False,
        hosts=(OTHER_HOST,),
    )
    roles: Any = frozenset(("api", "projector"))
    async with running_roles(settings, RunningServer, roles=roles) as running:
        yield running


@pytest.fixture
def client(server: RunningServer) -> SessionClient:
    return SessionClient(server)


async def code_for(server: RunningServer, **claims: object) -> str:
    made = await server.post("/ui/session/codes", headers=bearer(**claims))
    assert made.status == 201
    assert made.body["url"] == f"{server.url}/ui/#code={made.body['code']}"
    return str(made.body["code"])


@pytest.mark.operations("baton", "signInToUi", "getUiSession", "createUiSessionCode")
async def test_a_code_opens_one_session_with_the_rights_of_its_token(
    server: RunningServer, client: SessionClient
) -> None:
    code = await code_for(server, scope="orchestrator:write")

    begun = await client.sign_in(code=code)
    again = await SessionClient(server).sign_in(code=code)
    shown = await client.get("/ui/session")

    rights = {
        "subject": "ada",
        "tenants": ["acme"],
        "scopes": ["orchestrator:read", "orchestrator:write"],
        "expiresAt": begun.body["expiresAt"],
    }
    assert begun.body == {**rights, "half": client.half}
    assert (shown.status, shown.body) == (200, rights)
    assert (again.status, again.body["error"]) == (401, "unauthorized")
    assert [(await client.get(path)).status for path in ("/runs", "/log")] == [200, 403]


async def test_the_cookie_is_for_no_script_and_no_other_site(client: SessionClient) -> None:
    begun = await client.sign_in(token=token())
    name, _, rest = begun.headers["Set-Cookie"].partition("=")

    assert name == f"baton_ui_{client.server.port}"
    assert {part.strip() for part in rest.split(";")[1:]} == {
        *("Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=43200"),
    }


async def test_over_https_the_cookie_is_bound_to_its_host_and_to_https(
    client: SessionClient,
) -> None:
    encrypted = {"Host": "localhost", "Origin": "https://localhost", "X-Forwarded-Proto": "https"}
    answer = await client.call("POST", "/ui/session", json={"token": token()}, headers=encrypted)
    client.keep(answer)
    client.half = answer.body["half"]

    assert answer.headers["Set-Cookie"].startswith("__Host-baton_ui=")
    assert answer.headers["Set-Cookie"].endswith("; Secure")
    assert (await client.get("/runs", headers=encrypted)).status == 200


async def test_a_key_and_a_password_open_sessions_too(
    server: RunningServer, client: SessionClient
) -> None:
    key = await create_key(server.stores)
    stack: Any = server
    await add_login(stack)
    by_name = SessionClient(server)

    began = await client.sign_in(apiKey=key.text)
    named = await by_name.sign_in(name=LOGIN["username"], password=LOGIN["password"])

    assert (began.body["subject"], named.body["subject"]) == ("importer", LOGIN["username"])
    assert [(await one.get("/runs")).status for one in (client, by_name)] == [200, 200]


async def test_a_session_ends_with_its_key_and_its_user(
    server: RunningServer, client: SessionClient
) -> None:
    key = await create_key(server.stores)
    stack: Any = server
    await add_login(stack, username="carol")
    by_name = SessionClient(server)
    await client.sign_in(apiKey=key.text)
    assert (await by_name.sign_in(name="carol", password=LOGIN["password"])).status == 201

    await revoke_key(server.stores, key)
    stores = AccessStores(server.stores.events, server.stores.checkpoints)
    await remove_user(stores, "carol", actor=BOB, at=1)

    async def both_refused() -> bool:
        return [(await one.get("/runs")).status for one in (client, by_name)] == [401, 401]

    await eventually(both_refused, within_s=2)


@pytest.mark.operations("baton", "signOutOfUi")
async def test_signing_out_ends_the_session_also_for_copies_of_it(
    server: RunningServer, client: SessionClient
) -> None:
    await client.sign_in(token=token())
    ((name, cookie),) = client.cookies.items()
    copies = [
        SessionClient(server, {name: text}, client.half) for text in (cookie, f"{cookie}=", cookie)
    ]
    position = await server.head()

    out = await client.call("DELETE", "/ui/session", headers={"X-Baton-UI": None})
    client.keep(out)

    assert (out.status, client.cookies) == (204, {})
    assert [(await copy.get("/runs")).status for copy in copies] == [401] * 3
    (event,) = await server.changes_after(position)
    assert isinstance(event, SignedOut)
    assert (await client.call("DELETE", "/ui/session")).status == 204


@pytest.mark.parametrize("end", ["signed out", "revoked"])
async def test_a_live_stream_ends_with_its_session(
    server: RunningServer, client: SessionClient, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(credential, "CHECK_S", 0.05)
    key = await create_key(server.stores)
    await client.sign_in(apiKey=key.text)

    async with reading(server.session, f"{server.url}/stream", client.headers, "ndjson") as stream:
        if end == "revoked":
            await revoke_key(server.stores, key)
        else:
            await client.call("DELETE", "/ui/session")
        assert await stream.until_closed(3) == 4401


REFUSED: dict[str, tuple[dict[str, str | None], int]] = {
    "no half": ({"X-Baton-UI": None}, 401),
    "another half": ({"X-Baton-UI": "x" * 32}, 401),
    "an empty half": ({"X-Baton-UI": ""}, 401),
    "no cookie": ({"Cookie": None}, 401),
    "another cookie": ({"Cookie": "baton_ui_{port}=AAAA"}, 401),
    "a cookie for every port": ({"Cookie": "baton_ui={cookie}"}, 401),
    "a page of another site": ({"Origin": "https://evil.example"}, 403),
    "a page at another port": ({"Origin": "http://127.0.0.1:1"}, 403),
    "a sandboxed page": ({"Origin": "null"}, 403),
    "a foreign site": ({"Origin": None, "Sec-Fetch-Site": "cross-site"}, 403),
    "the same site": ({"Origin": None, "Sec-Fetch-Site": "same-site"}, 403),
    "an address that was typed": ({"Origin": None, "Sec-Fetch-Site": "none"}, 403),
    "another host": ({"Host": "evil.example"}, 421),
    "an empty token": ({"Authorization": "Bearer "}, 401),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_only_a_page_of_this_origin_with_both_halves_is_let_in(
    client: SessionClient, case: str
) -> None:
    await client.sign_in(token=token())
    (cookie,) = client.cookies.values()
    changed, status = REFUSED[case]
    known = {"port": str(client.server.port), "cookie": cookie}
    headers = {name: value and value.format_map(known) for name, value in changed.items()}

    for method, path in (("GET", "/runs"), ("POST", "/events"), ("GET", "/ui/session")):
        if (case, path) != ("an empty token", "/ui/session"):
            answer = await client.call(method, path, headers=headers)
            assert (answer.status, path) == (status, path)


async def test_older_browsers_and_programs_send_no_origin(client: SessionClient) -> None:
    await client.sign_in(token=token())

    bare = {"Origin": None, "Sec-Fetch-Site": None}
    assert (await client.get("/runs", headers=bare)).status == 200


async def test_no_dialect_takes_a_session(client: SessionClient) -> None:
    await client.sign_in(token=token())

    for path in DIALECTS:
        with_token = await client.server.get(path, headers=TENANT)
        with_session = await client.get(path, headers=TENANT)
        assert [with_token.status, with_session.status] == [200, 401], path


async def test_a_session_opens_no_further_one(client: SessionClient) -> None:
    await client.sign_in(token=token())

    answer = await client.call("POST", "/ui/session/codes")

    assert (answer.status, answer.body["error"]) == (403, "forbidden")


async def test_a_session_of_several_tenants_chooses_by_header(client: SessionClient) -> None:
    await client.sign_in(token=token(tenant=["acme", "other"]))

    assert (await client.get("/ui/session")).body["tenants"] == ["acme", "other"]
    chosen = [{}, {"X-Tenant": "other"}, {"X-Tenant": "third"}]
    statuses = [(await client.get("/runs", headers=one)).status for one in chosen]
    assert statuses == [400, 200, 403]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"token": "x", "code": "y"}, 400),
        ({"name": "ada"}, 400),
        ({"password": "correct horse"}, 400),
        ({"token": 7}, 400),
        ({"token": ""}, 401),
        ({"token": "é"}, 401),
        ({"token": "a\nb"}, 401),
        ({"token": "x"}, 401),
        ({"apiKey": "bk_acme_x_y"}, 401),
        ({"code": "x"}, 401),
        ({"name": "nobody", "password": "correct horse"}, 401),
    ],
    ids=str,
)
async def test_a_wrong_credential_opens_no_session(
    client: SessionClient, body: dict[str, object], status: int
) -> None:
    answer = await client.call("POST", "/ui/session", json=body)

    assert answer.status == status
    assert "Set-Cookie" not in answer.headers


async def test_a_token_that_fits_into_no_cookie_is_refused(client: SessionClient) -> None:
    answer = await client.sign_in(token=token(groups=[secrets.token_hex(64) for _ in range(40)]))

    assert (answer.status, answer.body["error"]) == (400, "validation_error")


async def test_over_plain_http_no_other_machine_signs_in(client: SessionClient) -> None:
    other = {"Host": OTHER_HOST, "Origin": f"http://{OTHER_HOST}"}
    refused = await client.call("POST", "/ui/session", json={"token": token()}, headers=other)

    assert (refused.status, refused.body["error"]) == (403, "forbidden")
    assert "https" in refused.body["message"]


async def test_sign_ins_are_recorded_and_no_secret_is_logged(
    server: RunningServer, client: SessionClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    canary, position = token(sub="canary"), await server.head()

    begun = await client.sign_in(token=canary)
    code = await code_for(server, sub="canary")
    answers = [begun, await client.get("/ui/session"), await client.get("/runs")]
    shown = [str(dict(one.headers)) + one.raw.decode() for one in answers]

    (event,) = await server.changes_after(position)
    assert isinstance(event, SignedIn)
    assert not isinstance(event, AccessRefused)
    assert event.actor.subject == "canary"
    signature = canary.rpartition(".")[2]
    for secret in (signature, client.half or "", code, *client.cookies.values()):
        assert secret not in caplog.text
    assert not [text for text in shown if signature in text]
