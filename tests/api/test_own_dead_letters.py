"""Dead letters in Baton's own API: who sees them, their content, and redriving them."""

import json
from pathlib import Path
from typing import Any

import pytest

from baton.eventlog.dead_letters.dead_lettering import REDRIVEN, dead_letter
from baton.eventlog.dead_letters.tenant_of import tenant_of
from baton.eventlog.ports.dead_letters import DeadLetter
from baton.eventlog.ports.topics import Message, ReceivedMessage
from tests.api.running import running
from tests.dialects.baton_documents import own_definition
from tests.kit.stack import RunningServer, bearer

ADMIN = bearer(scope="orchestrator:admin")
BROKEN = b"{\xff"
EVENT = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/shop",
    "type": "record.created",
    "subject": "orders/1001",
    "workspaceslug": "acme",
    "data": {"total": 59},
}


def letter(number: int, value: bytes | None, **headers: bytes) -> DeadLetter:
    message = Message(key=b"k", value=value, headers=tuple(headers.items()))
    received = ReceivedMessage(topic="records", partition=0, offset=number, at=5, message=message)
    return dead_letter(received, "it has no use", at=number)


def of_tenant(number: int, tenant: str = "acme", **changed: Any) -> DeadLetter:
    event = {**EVENT, "workspaceslug": tenant, **changed}
    return letter(number, json.dumps(event).encode())


@pytest.mark.operations("baton", "listDeadLetters", "getDeadLetter")
async def test_an_administrator_sees_the_letters_of_the_tenant_the_newest_first(
    server: RunningServer,
) -> None:
    mine = [of_tenant(number) for number in (1, 3, 5)]
    await server.stores.dead_letters.put([*mine, of_tenant(2, "other"), letter(4, BROKEN)])

    first = (await server.get("/dead-letters?limit=2", headers=ADMIN)).body
    cursor = first["next"]
    rest = (await server.get(f"/dead-letters?limit=2&cursor={cursor}", headers=ADMIN)).body
    shown = (await server.get(f"/dead-letters/{mine[2].letter_id}", headers=ADMIN)).body
    foreign = await server.get(f"/dead-letters/{of_tenant(2, 'other').letter_id}", headers=ADMIN)
    broken = (await server.get(f"/dead-letters/{letter(4, BROKEN).letter_id}", headers=ADMIN)).body
    reader = await server.get("/dead-letters")

    assert [one["source"] for one in first["letters"]] == ["records/0@5", "records/0@4"]
    assert [one["source"] for one in rest["letters"]] == ["records/0@3", "records/0@1"]
    assert (shown["reason"], shown["hidden"], json.loads(shown["value"])) == (
        "it has no use",
        False,
        EVENT,
    )
    assert (shown["key"], shown["headers"], shown["topic"]) == ("k", [], "records")
    assert (broken["hidden"], "value" in broken, "key" in broken) == (True, False, False)
    assert (foreign.status, reader.status) == (404, 403)


async def test_the_operators_tenant_sees_letters_that_name_no_tenant(tmp_path: Path) -> None:
    async with running(tmp_path, installation={"operator_tenant": "ops"}) as server:
        nameless = letter(1, BROKEN, header=b"\xfe")
        await server.stores.dead_letters.put([nameless, of_tenant(2)])
        ops = bearer(tenant="ops", scope="orchestrator:admin")

        of_ops = (await server.get("/dead-letters", headers=ops)).body["letters"]
        of_acme = (await server.get("/dead-letters", headers=ADMIN)).body["letters"]
        shown = (await server.get(f"/dead-letters/{nameless.letter_id}", headers=ops)).body

    assert [one["source"] for one in of_ops] == ["records/0@1"]
    assert [one["source"] for one in of_acme] == ["records/0@2"]
    assert (shown["hidden"], shown["valueBase64"]) == (False, "e/8=")
    assert shown["headers"] == [{"name": "header", "valueBase64": "/g=="}]


@pytest.mark.operations("baton", "redriveDeadLetter")
async def test_the_preview_of_a_redrive_says_how_the_message_is_read_now(
    server: RunningServer,
) -> None:
    event = {"event": "record.created", "structure": "orders"}
    orders = own_definition("orders", trigger=[event, {"every": "1d"}])
    await server.post("/definitions", orders)
    good, bad = of_tenant(1, type="record_created"), of_tenant(2, subject="orders")
    await server.stores.dead_letters.put([good, bad])
    topics = server.stores.topics
    assert topics is not None
    sent = await topics.consume("records", group=None)

    preview = await server.post(
        f"/dead-letters/{good.letter_id}/redrive?dryRun=true", headers=ADMIN
    )
    refused = await server.post(f"/dead-letters/{bad.letter_id}/redrive?dryRun=true", headers=ADMIN)
    before = (await server.get(f"/dead-letters/{good.letter_id}", headers=ADMIN)).body
    done = await server.post(f"/dead-letters/{good.letter_id}/redrive", headers=ADMIN)
    after = (await server.get(f"/dead-letters/{good.letter_id}", headers=ADMIN)).body

    assert (preview.status, preview.body["dryRun"], preview.body["readable"]) == (200, True, True)
    (read,) = preview.body["events"]
    assert (read["type"], read["structure"], read["recordId"]) == (
        "record.created",
        "orders",
        "1001",
    )
    assert (read["data"], read["known"], read["starts"]) == ({"total": 59}, False, ["orders"])
    assert refused.body["readable"] is False
    assert refused.body["reason"].startswith("subject: must be")
    assert "redrivenAt" not in before
    assert (done.status, done.body["dryRun"]) == (202, False)
    assert after["redrivenAt"] == done.body["redrivenAt"]
    (message,) = await sent.next()
    assert message.message.headers == ((REDRIVEN, good.letter_id.encode()),)


async def test_nothing_is_sent_without_topics_or_by_another_tenant(tmp_path: Path) -> None:
    async with running(tmp_path, installation={"topics": None}) as server:
        await server.stores.dead_letters.put([of_tenant(1), of_tenant(2, "other")])
        mine, foreign = of_tenant(1).letter_id, of_tenant(2, "other").letter_id

        without = await server.post(f"/dead-letters/{mine}/redrive", headers=ADMIN)
        another = await server.post(f"/dead-letters/{foreign}/redrive", headers=ADMIN)
        unclear = await server.post(f"/dead-letters/{mine}/redrive?dryRun=1", headers=ADMIN)

    assert (without.status, without.body["error"]) == (409, "conflict")
    assert (another.status, another.body["message"]) == (404, "Dead letter not found")
    assert unclear.status == 400


@pytest.mark.parametrize(
    ("value", "headers", "tenant"),
    [
        (b"", {"ce_workspaceslug": b"acme"}, "acme"),
        (b'{"workspaceslug": "acme"}', {}, "acme"),
        (b'{"data": {"workspaceSlug": "acme"}}', {}, "acme"),
        (b'[{"workspaceslug": "acme"}, {"workspaceSlug": "acme"}]', {}, "acme"),
        (b'[{"workspaceslug": "acme"}, {"workspaceSlug": "other"}]', {}, None),
        (b'{"workspaceslug": "acme"}', {"ce_workspaceslug": b"other"}, None),
        (b'{"workspaceslug": "No Tenant"}', {}, None),
        (b'{"workspaceslug": 7}', {"ce_workspaceslug": b"\xff"}, None),
        (b"{", {}, None),
        (None, {}, None),
    ],
)
def test_a_letter_belongs_to_the_only_tenant_that_its_message_names(
    value: bytes | None, headers: dict[str, bytes], tenant: str | None
) -> None:
    assert tenant_of(Message(value=value, headers=tuple(headers.items()))) == tenant
