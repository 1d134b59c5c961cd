"""Health, readiness, metrics and documents."""

import asyncio
import re
from pathlib import Path

import pytest

from baton.command_api.own.service.health import is_from_loopback
from baton.eventlog.errors import Unreadable
from baton.eventlog.run_values import RunValues
from tests.api.running import running
from tests.backends.memory import open_stores
from tests.kit.faulty_artifacts import FaultyArtifacts
from tests.kit.stack import RunningServer, bearer


@pytest.mark.operations("baton", "getHealth")
async def test_a_server_is_alive_without_a_token(server: RunningServer):
    answer = await server.get("/healthz", anonymous=True)

    assert (answer.status, answer.body) == (200, {"status": "ok"})


@pytest.mark.operations("baton", "getReadiness")
async def test_a_server_is_ready_when_every_check_passes(tmp_path: Path):
    async def good() -> bool:
        return True

    async def bad() -> bool:
        raise OSError("db.internal refused")

    async def hanging() -> bool:
        await asyncio.Event().wait()
        return True

    async with running(tmp_path, checks={"store": good}) as server:
        answer = await server.get("/readyz", anonymous=True)
    assert (answer.status, answer.body) == (200, {"status": "ready", "checks": {"store": "ok"}})

    checks = {"store": good, "log": bad, "views": hanging}
    async with running(tmp_path, checks=checks) as server:
        answer = await server.get("/readyz", anonymous=True)
    assert answer.status == 503
    assert answer.body["checks"] == {"store": "ok", "log": "failing", "views": "failing"}
    assert b"internal" not in answer.raw


@pytest.mark.operations("baton", "getMetrics")
async def test_metrics_have_labels_by_route_and_not_by_content(server: RunningServer):
    await server.get("/tiny/acme/v1/runs/secret-run-id")
    await server.get("/tiny/acme/v1/definitions")

    answer = await server.get("/metrics", anonymous=True)

    text = answer.raw.decode()
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert (
        'baton_http_answers_total{dialect="tiny",method="GET",route="/definitions",status="200"} 1'
        in text
    )
    assert 'baton_http_refusals_total{dialect="tiny",method="GET",route="/runs/{run}"} 1' in text
    assert "secret-run-id" not in text


async def test_metrics_over_a_proxy_need_the_admin_scope(server: RunningServer):
    proxied = {"X-Forwarded-For": "203.0.113.7"}

    anonymous = await server.get("/metrics", anonymous=True, headers=proxied)
    writer = await server.get("/metrics", headers=proxied)
    admin = await server.get("/metrics", headers={**proxied, **bearer(scope="orchestrator:admin")})

    assert [one.status for one in (anonymous, writer, admin)] == [401, 403, 200]


@pytest.mark.parametrize(
    ("peer", "own"),
    [
        (("127.0.0.1", 1), True),
        (("127.9.9.9", 1), True),
        (("::1", 1, 0, 0), True),
        (("::ffff:127.0.0.1", 1, 0, 0), True),
        (("::ffff:10.0.0.1", 1, 0, 0), False),
        (("10.0.0.1", 1), False),
        (("fe80::1%eth0", 1, 0, 0), False),
        ("/run/socket", False),
        (None, False),
    ],
)
def test_only_a_loopback_peer_counts_as_local(peer: object, own: bool):
    class Transport:
        def get_extra_info(self, _: str) -> object:
            return peer

    class Request:
        transport = Transport()
        headers = ()

    assert is_from_loopback(Request()) is own  # type: ignore[arg-type]


async def test_the_openapi_document_is_generated_from_the_routes(server: RunningServer):
    answer = await server.get("/openapi/tiny.json", anonymous=True)

    document = answer.body
    assert answer.status == 200
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [
        {"url": "/tiny/{workspace}/v1", "variables": {"workspace": {"default": "demo"}}}
    ]
    create = document["paths"]["/definitions"]["post"]
    assert create["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/DefinitionBody"
    }
    assert set(create["responses"]) == {"201", "401", "409", "default"}
    assert document["paths"]["/hooks/{path}"]["post"]["security"] == []
    listed = document["paths"]["/definitions"]["get"]["parameters"]
    assert [one["name"] for one in listed] == ["page", "pageSize"]
    assert set(document["components"]["schemas"]) == {"DefinitionBody", "DefinitionShown", "Hook"}


@pytest.mark.operations("baton", "getOpenApiDocument", "listApis")
async def test_baton_s_own_api_has_a_document_and_unknown_names_have_none(server: RunningServer):
    own = await server.get("/openapi/baton.json", anonymous=True)
    none = await server.get("/openapi/nothing.json", anonymous=True)

    sent = own.body["paths"]["/events"]["post"]["requestBody"]["content"]
    assert "application/cloudevents+json" in sent
    assert (none.status, none.body["error"]) == (404, "not_found")


@pytest.mark.operations("baton", "getDocsPage")
async def test_the_documents_page_loads_its_scripts_from_this_server_alone(server: RunningServer):
    answer = await server.get("/docs", anonymous=True)

    page = answer.raw.decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    assert re.findall(r"<script[^>]*>", page) == re.findall(
        r'<script type="module" src="/ui/assets/\w+/docs/docs.js">', page
    )


async def test_a_damaged_artifact_is_an_error_that_names_it(tmp_path: Path):
    sha256 = "a" * 64
    damaged = Unreadable(f"artifact {sha256} is damaged: its bytes have another hash")
    values = RunValues(FaultyArtifacts((await open_stores(tmp_path)).artifacts, damaged))

    async with running(tmp_path, values=values) as server:
        answer = await server.get(f"/artifacts/{sha256}")

    assert (answer.status, answer.body["error"]) == (500, "internal_error")
    assert answer.body["message"] == f"The value is lost: {damaged}"
