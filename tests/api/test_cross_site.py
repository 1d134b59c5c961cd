"""Requests that a web page sends to a server on the visitor's machine."""

import pytest

from baton.command_api.admission.hosts import Hosts, name_of
from baton.command_api.budgets import Budgets, Limits
from baton.domain.run.messages.run_events import RunRequested
from tests.api.raw_http import ACME, connected, head
from tests.api.running import running
from tests.kit.stack import RunningServer

HOOK = f"{ACME}/hooks/open"


async def hook(server: RunningServer) -> None:
    body = {"slug": "open", "hook": {"path": "open"}}
    assert (await server.post(f"{ACME}/definitions", body)).status == 201


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_page_of_another_site_starts_no_run(
    server: RunningServer, headers: dict[str, str]
) -> None:
    await hook(server)

    answer = await server.post(HOOK, {}, headers=headers, anonymous=True)

    assert (answer.status, answer.body["tiny_error"]) == (403, "forbidden")
    assert not [one for one in await server.stored() if isinstance(one, RunRequested)]


async def test_other_clients_and_pages_of_the_server_itself_may_start_runs(
    server: RunningServer,
) -> None:
    await hook(server)
    own = {"Sec-Fetch-Site": "same-origin", "Origin": server.url}

    for headers in ({}, {"Sec-Fetch-Site": "none"}, own):
        assert (await server.post(HOOK, {}, headers=headers, anonymous=True)).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/openapi/baton.json"])
async def test_every_open_route_is_closed_to_other_sites(server: RunningServer, path: str) -> None:
    answer = await server.get(path, headers={"Sec-Fetch-Site": "cross-site"}, anonymous=True)

    assert (answer.status, answer.body["error"]) == (403, "forbidden")


async def test_a_link_on_another_site_opens_the_documents(server: RunningServer) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}

    page = await server.get("/docs", headers={**link, "Sec-Fetch-Dest": "document"}, anonymous=True)
    frame = await server.get("/docs", headers={**link, "Sec-Fetch-Dest": "iframe"}, anonymous=True)

    assert [page.status, frame.status] == [200, 403]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "10.0.0.1", "localhost.x"])
async def test_a_server_on_loopback_does_not_answer_for_other_hosts(
    server: RunningServer, host: str
) -> None:
    for path in ("/healthz", f"{ACME}/definitions", "/nothing"):
        answer = await server.get(path, headers={"Host": host})
        assert answer.status == 421
        assert "misdirected_request" in answer.body.values()


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "api.localhost", "127.0.0.1", "127.9.9.9:1", "[::1]:1"]
)
async def test_a_server_on_loopback_answers_for_loopback_names(
    server: RunningServer, host: str
) -> None:
    assert (await server.get("/healthz", headers={"Host": host})).status == 200


async def test_a_configured_host_is_answered_for(tmp_path) -> None:
    budgets = Budgets(Limits(hosts=("baton.example",)))
    async with running(tmp_path, budgets=budgets) as server:
        for host, status in (("Baton.Example.:1", 200), ("x.baton.example", 421)):
            assert (await server.get("/healthz", headers={"Host": host})).status == status


async def test_the_host_of_an_absolute_target_counts(server: RunningServer) -> None:
    targets = {"http://evil.example/healthz": 421, "http://localhost:1/healthz": 200}
    for target, status in targets.items():
        async with connected(server) as connection:
            await connection.send(head("GET", target))

            assert (await connection.response()).status == status


async def test_two_hosts_are_400(server: RunningServer) -> None:
    async with connected(server) as connection:
        await connection.send(head("GET", "/healthz", "Host: evil.example"))

        assert (await connection.response()).status == 400


def test_a_server_on_another_address_answers_for_any_host() -> None:
    hosts = Hosts(())
    hosts.listen_on("0.0.0.0")

    class Request:
        class headers:  # noqa: N801
            @staticmethod
            def getall(_: str, default: object) -> list[str]:
                return ["anything.example"]

    hosts.require_known(Request())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "name"), [("[::1]:80", "::1"), ("A.B:1", "a.b"), ("a.", "a"), ("", ""), ("[", "")]
)
def test_a_name_is_a_host_without_its_port(host: str, name: str) -> None:
    assert name_of(host) == name
