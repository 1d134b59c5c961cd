"""POST /events: every form of record event, each recorded once; a bad batch is refused whole."""

import base64
import json
from typing import Any

import pytest

from baton.domain.record.messages import RecordReceived
from baton.protocols.cloudevents.modes import MAX_BATCH
from tests.kit.stack import RunningServer, bearer

STRUCTURED = {"Content-Type": "application/cloudevents+json"}
JSON = {"Content-Type": "application/json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json; charset=utf-8"}
PLAIN = {
    "event": "record_created",
    "workspaceSlug": "acme",
    "recordSlug": "orders",
    "recordId": "rec_1",
    "data": {"status": "new"},
}


def event(**changed: Any) -> dict[str, Any]:
    members = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/shop",
        "type": "record.created",
        "subject": "orders/rec_1",
        "time": "2025-01-15T10:00:00.250Z",
        "data": {"status": "new"},
        **changed,
    }
    return {name: value for name, value in members.items() if value is not ...}


async def send(server: RunningServer, body: Any, headers: dict[str, str], **more: Any):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await server.call("POST", "/events", data=raw, headers=headers, **more)


async def received(server: RunningServer) -> list[RecordReceived]:
    return [one for one in await server.stored() if isinstance(one, RecordReceived)]


BINARY = {
    "Content-Type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "e-1",
    "ce-source": "/shop",
    "ce-type": "record.created",
    "ce-subject": "orders/rec%5F1",
    "ce-time": "2025-01-15T10:00:00.250Z",
}
FORMS: dict[str, tuple[Any, dict[str, str]]] = {
    "structured": (event(), STRUCTURED),
    "structured, written with _": (event(type="record_created"), STRUCTURED),
    "structured with the payload": (event(data=PLAIN, subject=...), STRUCTURED),
    "structured, own workspace": (event(workspaceslug="acme"), STRUCTURED),
    "structured in base64": (
        event(data=..., data_base64=base64.b64encode(b'{"status":"new"}').decode()),
        STRUCTURED,
    ),
    "binary": ({"status": "new"}, BINARY),
    "binary with the payload": (PLAIN, BINARY),
    "batch": ([event()], BATCH),
    "plain": (PLAIN, {"Content-Type": "application/json"}),
    "plain, written with a dot": (
        {**PLAIN, "event": "record.created"},
        {"Content-Type": "application/json"},
    ),
    "plain without workspace": (
        {name: value for name, value in PLAIN.items() if name != "workspaceSlug"},
        {"Content-Type": "application/json"},
    ),
}


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_becomes_the_same_record_event(server: RunningServer, form: str):
    body, headers = FORMS[form]

    answer = await send(server, body, headers)

    (record,) = await received(server)
    assert (answer.status, answer.body) == (
        202,
        {"accepted": 1, "duplicates": 0, "position": 1, "matched": 0},
    )
    assert answer.headers["Baton-Position"] == "1"
    assert record.input == PLAIN
    assert record.type == "record.created"
    if not form.startswith("plain"):
        assert (record.event_id, record.source, record.time) == ("e-1", "/shop", 1736935200250)


async def test_an_event_delivered_again_is_a_duplicate(server: RunningServer):
    await send(server, event(), STRUCTURED)

    again = await send(server, [event(), event(id="e-2"), event(id="e-2")], BATCH)
    elsewhere = await send(server, event(source="/other"), STRUCTURED)

    assert again.body == {"accepted": 1, "duplicates": 2, "position": 2, "matched": 0}
    assert elsewhere.body["accepted"] == 1
    assert len(await received(server)) == 3


async def test_the_answer_says_how_many_triggers_wait_for_the_events(server: RunningServer):
    async def define(slug: str, **members: Any) -> None:
        made = await server.post("/tiny/acme/v1/definitions", {"slug": slug, **members})
        assert made.status == 201

    async def matched(*events: dict[str, Any]) -> int:
        return int((await send(server, list(events), BATCH)).body["matched"])

    assert await matched(event()) == 0
    await define("one", event_type="record.created")
    await define("paused", event_type="record.created", status="paused")
    await define("deleted", event_type="record.deleted")
    assert await matched(event()) == 1
    assert await matched(event(id="2"), event(id="3"), event(id="4", type="record.deleted")) == 3
    assert await matched(event(id="5", type="record.updated")) == 0
    assert await matched() == 0


async def test_events_of_tenants_are_their_own(server: RunningServer):
    await send(server, event(), STRUCTURED)

    other = await send(server, event(), {**STRUCTURED, **bearer(tenant="umbra")})

    assert other.body["accepted"] == 1
    assert {one.tenant for one in await received(server)} == {"acme", "umbra"}


async def test_a_bulk_event_needs_no_record(server: RunningServer):
    bulk = {"event": "records_bulk_created", "recordSlug": "orders", "data": {"ids": ["a", "b"]}}

    assert (await send(server, bulk, {"Content-Type": "application/json"})).status == 202
    cloud = event(type="records.bulk_created", subject="orders")
    assert (await send(server, cloud, STRUCTURED)).status == 202

    assert [one.record_id for one in await received(server)] == ["", ""]


BAD: dict[str, tuple[Any, dict[str, str], int, str]] = {
    "no JSON": (b"{", STRUCTURED, 400, ""),
    "no object": ([], STRUCTURED, 400, ""),
    "no batch": ({}, BATCH, 400, ""),
    "a huge batch": ([event(id=str(n)) for n in range(MAX_BATCH + 1)], BATCH, 400, ""),
    "one of a batch": ([event(), event(id="x", type="record.nonsense")], BATCH, 400, "[1].type"),
    "one no object": ([event(), 7], BATCH, 400, "[1]"),
    "another version": (event(specversion="0.3"), STRUCTURED, 400, "specversion"),
    "no version": (event(specversion=...), STRUCTURED, 400, "specversion"),
    "no id": (event(id=...), STRUCTURED, 400, "id"),
    "an empty id": (event(id=""), STRUCTURED, 400, "id"),
    "a number for id": (event(id=7), STRUCTURED, 400, "id"),
    "no source": (event(source=...), STRUCTURED, 400, "source"),
    "an unknown type": (event(type="record.exploded"), STRUCTURED, 400, "type"),
    "no subject": (event(subject=...), STRUCTURED, 400, "subject"),
    "half a subject": (event(subject="orders"), STRUCTURED, 400, "subject"),
    "an endless subject": (event(subject="a/" + "b" * 300), STRUCTURED, 400, "subject"),
    "a time without zone": (event(time="2025-01-15T10:00:00"), STRUCTURED, 400, "time"),
    "no time": (event(time="yesterday"), STRUCTURED, 400, "time"),
    "no base64": (event(data=..., data_base64="%%%"), STRUCTURED, 400, "data_base64"),
    "two data": (event(data_base64="e30="), STRUCTURED, 400, "data_base64"),
    "base64 of no JSON": (event(data=..., data_base64="eA=="), STRUCTURED, 400, ""),
    "XML": (event(datacontenttype="application/xml"), STRUCTURED, 400, "datacontenttype"),
    "a payload of another type": (
        event(data={**PLAIN, "event": "record_deleted"}),
        STRUCTURED,
        400,
        "data.event",
    ),
    "another workspace": (event(workspaceslug="umbra"), STRUCTURED, 403, ""),
    "a payload of another workspace": (
        {**PLAIN, "workspaceSlug": "umbra"},
        {"Content-Type": "application/json"},
        403,
        "",
    ),
    "a workspace that is a number": (
        {**PLAIN, "workspaceSlug": 7},
        {"Content-Type": "application/json"},
        400,
        "workspaceSlug",
    ),
    "no record": ({"event": "record_created"}, {"Content-Type": "application/json"}, 400, ""),
    "a form": (b"event=record_created", {"Content-Type": "text/plain"}, 415, ""),
    "binary without source": (
        {},
        {name: value for name, value in BINARY.items() if name != "ce-source"},
        400,
        "source",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_batch_with_an_unreadable_event_is_refused_whole(server: RunningServer, case: str):
    body, headers, status, field = BAD[case]

    answer = await send(server, body, headers)

    assert answer.status == status, answer.raw
    if field:
        assert [one["field"] for one in answer.body["details"]] == [field]
    assert await server.stored() == []


async def test_sending_events_needs_the_write_scope(server: RunningServer):
    reader = bearer(scope="orchestrator:read")

    assert (await send(server, event(), {**STRUCTURED, **reader})).status == 403
    assert (await send(server, event(), STRUCTURED, anonymous=True)).status == 401


async def test_a_token_for_several_tenants_needs_the_tenant_header(server: RunningServer):
    both = bearer(tenant=["acme", "umbra"])

    unnamed = await send(server, event(), {**STRUCTURED, **both})
    named = await send(server, event(), {**STRUCTURED, **both, "X-Tenant": "umbra"})
    foreign = await send(server, event(), {**STRUCTURED, **both, "X-Tenant": "third"})
    only = await send(server, event(), {**STRUCTURED, "X-Tenant": "umbra"})

    assert [one.status for one in (unnamed, named, foreign, only)] == [400, 202, 403, 403]


async def test_a_plain_event_repeated_with_its_key_is_recorded_once(server: RunningServer):
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}

    first = await send(server, PLAIN, headers)
    again = await send(server, PLAIN, headers)

    assert first.raw == again.raw
    assert len(await received(server)) == 1


UNKNOWN: dict[str, tuple[Any, dict[str, str], str, str]] = {
    # what: (body, headers, path, the nearest known word)
    "plain": ({**PLAIN, "recordid": "r"}, JSON, "recordid", "recordId"),
    "plain, unheard of": ({**PLAIN, "zzz": 1}, JSON, "zzz", ""),
    "the payload in a structured event": (
        event(data={**PLAIN, "Data": {}}, subject=...),
        STRUCTURED,
        "data.Data",
        "data",
    ),
    "the payload in a batch": (
        [event(), event(id="e-2", data={**PLAIN, "workspace_slug": "a"}, subject=...)],
        BATCH,
        "[1].data.workspace_slug",
        "workspaceSlug",
    ),
    "the payload in a binary event": (
        {**PLAIN, "recordslug": "x"},
        {name: value for name, value in BINARY.items() if name != "ce-subject"},
        "data.recordslug",
        "recordSlug",
    ),
}


@pytest.mark.parametrize("case", UNKNOWN)
async def test_an_unknown_member_of_a_payload_is_named_with_the_nearest_word(
    server: RunningServer, case: str
):
    body, headers, path, nearest = UNKNOWN[case]

    answer = await send(server, body, headers)

    assert answer.status == 202
    warning = answer.headers["Warning"]
    assert warning.startswith(f'299 baton "{path} is unknown')
    assert (f"did you mean '{nearest}'?" in warning) is bool(nearest)


@pytest.mark.parametrize("case", UNKNOWN)
async def test_a_strict_request_with_an_unknown_member_of_a_payload_records_nothing(
    server: RunningServer, case: str
):
    body, headers, path, _ = UNKNOWN[case]

    answer = await send(server, body, {**headers, "Prefer": "handling=strict"})

    assert answer.status == 400
    assert answer.headers["Preference-Applied"] == "handling=strict"
    assert [one["field"] for one in answer.body["details"]] == [path]
    assert await received(server) == []


async def test_extension_attributes_and_members_of_a_record_are_never_unknown(
    server: RunningServer,
):
    strict = {**STRUCTURED, "Prefer": "handling=strict"}
    body = event(myextension="x", data={"anything": 1, "event": "mine"})

    answer = await send(server, body, strict)

    assert answer.status == 202
    assert "Warning" not in answer.headers
    assert answer.headers["Preference-Applied"] == "handling=strict"


async def test_many_unknown_members_are_summed_up(server: RunningServer):
    answer = await send(server, {**PLAIN, **{f"x{n}": n for n in range(5_000)}}, JSON)

    assert answer.status == 202
    assert answer.headers["Warning"].count("299 baton") == 11
