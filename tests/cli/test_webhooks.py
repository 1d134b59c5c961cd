"""`baton webhooks …` against a running `baton dev`."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from baton.cli.server.webhooks.tables import WEBHOOKS, delivery_cells
from baton.cli.terminal.tables import Shown, fit
from baton.protocols.iso_time import format_time
from tests.cli.conftest import FUNCTIONS, Call
from tests.cli.processes import Dev, dev
from tests.dialects.centrali_documents import compute, orchestration
from tests.kit.eventually import eventually_blocking

WAIT_S = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("webhooks")
    (folder / "orders.py").write_text(FUNCTIONS)
    settings = {"BATON_WEBHOOKS_ALLOW_PRIVATE": "true", "BATON_WEBHOOK_BACKOFF": "0.1"}
    with dev(folder, "--functions", "orders.py", env=settings) as running:
        yield running


class _Handler(BaseHTTPRequestHandler):
    status = 200

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - of the base class
        """Print nothing."""


@pytest.fixture
def receiver() -> type[_Handler]:
    _Handler.status = 200
    return _Handler


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    http = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}/hook"
    http.shutdown()
    thread.join()
    http.server_close()


def registered(server: Dev, url: str) -> dict[str, Any]:
    body = {"url": url, "events": ["workflow.execution.completed"]}
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}
    request = Request(f"{server.url}/webhooks", json.dumps(body).encode(), headers, method="POST")
    with urlopen(request, timeout=WAIT_S) as answer:
        return dict(json.load(answer))


@pytest.mark.operations("baton", "postWebhooksByWebhookIdDeliveriesByDeliveryIdRedrive")
def test_dead_deliveries_are_listed_and_redriven(
    ask: Call, server: Dev, url: str, receiver: type[_Handler]
) -> None:
    receiver.status = 503
    hook = registered(server, url)["id"]
    Path("one.json").write_text(json.dumps(orchestration("one", compute(function="reject-order"))))
    assert ask("definitions", "apply", "one.json").code == 0
    assert ask("runs", "start", "one", "--wait").code == 0

    def listed(status: str) -> Any:
        ended = ask("webhooks", "deliveries", hook, "--status", status, "--json")
        assert (ended.code, ended.err) == (0, "")
        return json.loads(ended.out)

    (dead,) = eventually_blocking(lambda: listed("dead"))
    assert (dead["attempts"], dead["lastStatus"]) == (2, 503)
    assert dead["id"] in ask("webhooks", "deliveries", hook).out
    receiver.status = 200
    assert ask("webhooks", "redrive", hook, "--all").out == "1 redriven\n"
    (delivered,) = eventually_blocking(lambda: listed("delivered"))
    assert delivered["id"] == dead["id"]
    again = ask("webhooks", "redrive", hook, dead["id"])
    assert again.code == 1
    assert "already reached its receiver" in again.err
    unknown = ask("webhooks", "redrive", hook, "none")
    assert unknown.code == 1
    assert unknown.err.startswith("There is no delivery 'none' of tenant demo at ")
    assert unknown.err.endswith(f": `baton webhooks deliveries {hook}` shows them\n")


def test_readers_see_how_far_the_next_attempt_is() -> None:
    due = format_time(int(time.time() * 1_000) + 300_500)
    waits = {"id": "d", "event": "e", "status": "pending", "attempts": 1, "createdAt": due}

    next_attempt = delivery_cells({**waits, "dueAt": due})[5]

    assert next_attempt == Shown(due, "in 5 min")
    assert delivery_cells(waits)[5] is None


def test_no_event_is_broken_in_80_columns() -> None:
    of_events = [column.name for column in WEBHOOKS].index("EVENTS")

    widths = fit(WEBHOOKS, full=(20, 8, 60, 60, 9), available=80)

    assert widths[of_events] >= len("workflow.execution.completed")


@pytest.mark.operations("baton", "postWebhooksByWebhookIdTest")
def test_a_webhook_is_listed_and_tested(
    ask: Call, server: Dev, url: str, receiver: type[_Handler]
) -> None:
    made = registered(server, url)

    listed = ask("webhooks", "list")
    assert any(
        made["id"] in line and "active" in line and url in line for line in listed.out.splitlines()
    )
    assert made["secret"] not in listed.out + ask("webhooks", "list", "--json").out
    assert ask("webhooks", "test", made["id"]).out == "200 Webhook delivered successfully\n"
    receiver.status = 500
    refused = ask("webhooks", "test", made["id"])
    assert (refused.code, refused.out) == (1, "")
    assert "HTTP_500" in refused.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("deliveries", "nothing"), 1, "baton webhooks list"),
        (("redrive", "nothing"), 2, "--all"),
        (("deliveries", "nothing", "--status", "lost"), 2, "pending, delivered, dead"),
    ],
)
def test_wrong_usage_says_what_to_do(
    ask: Call, arguments: tuple[str, ...], code: int, message: str
) -> None:
    ended = ask("webhooks", *arguments)

    assert ended.code == code
    assert message in ended.err
