"""Every read as of a position equals the same read on a server that knows no later event.

`BATON_TEST_AS_OF_HISTORIES` sets the number of random histories (`make as-of`).
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from baton.command_api.own.runs import lists
from baton.domain.run.messages.run_events import RunStarted
from tests.as_of.requests import Request, requests_about
from tests.as_of.servers import SCOPE, server_on
from tests.kit.stack import RunningServer, bearer
from tests.projector.histories import TENANTS, events_of

HISTORIES = int(os.environ.get("BATON_TEST_AS_OF_HISTORIES", "1"))
COMMANDS = 220
EACH = {"sqlite": (2, 2), "postgres": (1, 2)}
"""Positions of a history, and requests of one operation as of each of them."""
SHOWN = ("Content-Type", "Link", "ETag", "Warning")


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
@pytest.mark.parametrize("seed", range(HISTORIES))
async def test_no_read_as_of_a_position_shows_a_later_fact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, seed: int
) -> None:
    monkeypatch.setattr(lists, "STUCK_MS", 0)  # a position within an append has an idle run
    random = Random(seed)
    events = events_of(seed, COMMANDS)
    head = events[-1].position
    number, each = EACH[backend]
    begun = [one.position for one in events if isinstance(one.event, RunStarted)]
    positions = [random.randrange(head // 5, head) for _ in range(number - 1)]
    positions.append(random.choice(begun[len(begun) // 3 :]))
    async with server_on(tmp_path / "all", backend, events) as whole:
        for position in positions:
            known = [one for one in events if one.position <= position]
            at = max(one.event.at for one in known)
            folder = tmp_path / str(position)
            newest = known[-1].position
            async with server_on(folder, "sqlite", known, at=at) as then:
                asked = [
                    (tenant, request)
                    for tenant in TENANTS
                    for request in requests_about(events, tenant, random, each=each)
                ]
                differences = await _differences(whole, then, position, newest, asked)
                assert not differences, "\n".join(differences[:10])


async def _differences(
    whole: RunningServer,
    then: RunningServer,
    position: int,
    newest: int,
    asked: Sequence[tuple[str, Request]],
) -> list[str]:
    """Return the requests whose answers differ, with both answers.

    Args:
        whole: The server with all events.
        then: The server with those up to the position.
        position: The position.
        newest: The position of the newest event up to it.
        asked: The requests with their tenants.
    """
    found = []
    exports_last = sorted(asked, key=lambda one: "Accept" in one[1].headers)  # they leave an event
    for tenant, request in exports_last:
        headers = {**bearer(tenant=tenant, scope=SCOPE), **request.headers}
        now = request.path if _is_of_events(request) else _as_of(request, newest)
        method = "GET" if request.body is None else "POST"
        expected = await then.call(method, now, headers=headers, json=request.body)
        shown = await whole.call(
            method, _as_of(request, position), headers=headers, json=request.body
        )
        assert shown.headers["Baton-As-Of"] == str(position)
        if (shown.status, shown.raw) != (expected.status, expected.raw) or any(
            shown.headers.get(name) != expected.headers.get(name) for name in SHOWN
        ):
            found.append(
                f"{request.path} {request.body or ''} as of {position}:\n"
                f"  {shown.status} {shown.raw[:300]!r}\n"
                f"  {expected.status} {expected.raw[:300]!r}"
            )
    return found


def _is_of_events(request: Request) -> bool:
    """Return whether an answer without `asOf` is of events alone.

    Executors explain runs and definitions, too, and the notary has sealed what is audited.
    """
    of_more = r"/(runs|definitions)/[^/]+/explain|/audit/runs/[^/]+"
    return re.fullmatch(of_more, request.path) is None


def _as_of(request: Request, position: int) -> str:
    return f"{request.path}{'&' if '?' in request.path else '?'}asOf={position}"
