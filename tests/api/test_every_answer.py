"""Headers of every answer, and the trace that a refusal leaves."""

import logging
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from baton.command_api.admission import refusal_log
from baton.command_api.admission.refusal_log import RefusalLog, Refused
from baton.command_api.budgets import Budgets, Limits
from baton.command_api.budgets.limits import Rate
from tests.api.raw_http import ACME
from tests.api.running import running
from tests.kit.stack import RunningServer, bearer

PATHS = ["/healthz", "/docs", "/metrics", "/nothing", f"{ACME}/definitions", f"{ACME}/broken"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_has_the_same_set_of_headers(server: RunningServer, path: str) -> None:
    for anonymous in (False, True):
        headers = (await server.get(path, anonymous=anonymous)).headers

        assert headers["Server"] == "baton"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


async def test_positions_are_shown_only_to_callers_with_a_valid_token(
    server: RunningServer,
) -> None:
    body = {"slug": "open", "hook": {"path": "open"}}
    created = await server.post(f"{ACME}/definitions", body)
    hooked = await server.post(f"{ACME}/hooks/open", {}, anonymous=True)

    assert "Baton-Position" in created.headers
    assert hooked.status == 200
    for path in PATHS:
        assert "Baton-Position" not in (await server.get(path, anonymous=True)).headers
    assert "Baton-Position" not in hooked.headers


@pytest.mark.parametrize(
    "name",
    [
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Real-IP",
        "Via",
        "CF-Connecting-IP",
        "True-Client-IP",
        "X-Envoy-External-Address",
        "X-Original-URL",
    ],
)
async def test_any_header_of_a_proxy_closes_the_metrics(server: RunningServer, name: str) -> None:
    assert (await server.get("/metrics", anonymous=True)).status == 200
    assert (await server.get("/metrics", anonymous=True, headers={name: "x"})).status == 401


async def test_a_refusal_leaves_one_structured_line_without_the_token(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    secret = {"Authorization": "Bearer a-secret-token"}
    weak = bearer(scope="orchestrator:read", sub="eve")
    await server.get(f"{ACME}/definitions", headers=secret)
    await server.post(f"{ACME}/definitions", {}, headers=weak)
    await server.get("/nothing")

    lines = [vars(one) for one in caplog.records if one.message == "request refused"]
    shown = [(one["peer"], one["reason"], one["route"], one.get("subject")) for one in lines]
    route = "/tiny/{workspace}/v1/definitions"
    assert shown == [
        ("127.0.0.1", "unauthorized", route, None),
        ("127.0.0.1", "forbidden", route, "eve"),
    ]
    assert "secret-token" not in str(lines)
    assert weak["Authorization"][7:] not in str(lines)
    text = (await server.get("/metrics")).raw.decode()
    for reason in ("unauthorized", "forbidden"):
        assert f'baton_http_refused_requests_total{{reason="{reason}"}} 1.0' in text


def test_refusals_cannot_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    registry = CollectorRegistry()
    log = RefusalLog(registry)
    for _ in range(10_000):
        log.refused(Refused(reason="forbidden", status=403, peer="192.0.2.1"))

    assert refusal_log.LINES.burst <= len(caplog.records) <= refusal_log.LINES.burst + 20
    seen = registry.get_sample_value("baton_http_refused_requests_total", {"reason": "forbidden"})
    assert seen == 10_000


async def test_a_flood_of_wrong_tokens_is_counted_and_logged_in_part(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusal_log, "LINES", Rate(burst=3, per_s=0.001))
    budgets = Budgets(Limits(failed_authentications=Rate(burst=5, per_s=0.001)))
    with caplog.at_level(logging.DEBUG):
        async with running(tmp_path, budgets=budgets) as server:
            for _ in range(20):
                await server.get(f"{ACME}/definitions", anonymous=True)
            text = (await server.get("/metrics")).raw.decode()

    assert 'baton_http_refused_requests_total{reason="unauthorized"} 5.0' in text
    assert 'baton_http_refused_requests_total{reason="rate_limited"} 15.0' in text
    assert len([one for one in caplog.records if one.name == refusal_log.__name__]) == 3
