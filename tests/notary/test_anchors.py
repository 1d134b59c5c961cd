"""Anchors on other machines: a receiver of signed webhooks, and a topic."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr, ValidationError

from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable
from baton.eventlog.notary.notary import Notary
from baton.eventlog.notary.remote_anchors import TopicAnchor, WebhookAnchor
from baton.eventlog.notary.signed_head import open_head
from baton.eventlog.ports.audit.leaf_store import SealedHead
from baton.protocols.address_policy import AddressPolicy
from baton.protocols.http_client import HttpClient
from baton.protocols.standard_webhooks import ID, SIGNATURE, TIMESTAMP, is_valid
from baton.settings import Settings
from tests.conformance.deployments import appended, topic_openers, write
from tests.kit.eventually import eventually
from tests.kit.stack import in_background
from tests.notary.sealing import KEY, KEYS, opened, seal

SECRET = "whsec_dGhlIHNlY3JldCBvZiBhbiBhbmNob3I="


class Receiver:
    """Keeps the heads whose signature is valid; answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.ids: list[str] = []
        self.heads: list[dict[str, object]] = []

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = request.headers
        assert is_valid(
            *(headers[name] for name in (ID, TIMESTAMP, SIGNATURE)),
            body=body,
            secret=SECRET,
            now_ms=SystemClock().now(),
        )
        document = json.loads(body)
        assert document["type"] == "audit.tree-head"
        self.ids.append(headers[ID])
        self.heads.append(document["data"])
        return web.Response(status=self.status)


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[WebhookAnchor]:
    app = web.Application()
    app.router.add_post("/heads", receiver.take)
    client = HttpClient(AddressPolicy(allow_private=True))
    async with TestServer(app) as server:
        try:
            yield WebhookAnchor(client, str(server.make_url("/heads")), SECRET, SystemClock())
        finally:
            await client.close()


async def sealed_head(folder: Path) -> SealedHead:
    async with opened("memory", folder) as stores:
        await appended(stores, write("r1", 0, 1))
        await seal(stores.leaves)
        found = await stores.leaves.head()
    assert found is not None
    return found


async def test_a_head_is_posted_with_a_signature(tmp_path: Path) -> None:
    head, receiver = await sealed_head(tmp_path), Receiver()
    async with receiving(receiver) as anchor:
        await anchor.put(head)
        receiver.status = 500
        with pytest.raises(Unavailable, match="HTTP_500"):
            await anchor.put(head)

    assert receiver.ids[0] == receiver.ids[1], "a receiver can drop a repetition"
    assert open_head(str(receiver.heads[0]["note"]).encode(), KEYS).size == 1
    assert receiver.heads[0]["root"] == head.root.hex()


async def test_a_head_that_an_anchor_refused_is_repeated_and_the_last_one_kept_at_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baton.eventlog.notary.notary.PACE_MS", 5)
    monkeypatch.setattr("baton.eventlog.notary.notary.RETRY_MS", 5)
    receiver = Receiver()
    receiver.status = 503
    async with opened("memory", tmp_path) as stores, receiving(receiver) as anchor:
        notary = Notary(stores.leaves, KEY, clock=SystemClock(), anchors=[anchor])
        async with in_background(notary.run()):
            await appended(stores, write("r1", 0, 1))
            await eventually(lambda: len(receiver.heads) > 1)
            receiver.status = 200
            count = len(receiver.heads)
            await eventually(lambda: len(receiver.heads) > count)
            await appended(stores, write("r1", 1, 2))
            await notary.stop()

    assert [one["size"] for one in receiver.heads[-2:]] == [1, 2]


@pytest.mark.parametrize("technology", sorted(topic_openers()))
async def test_a_head_is_sent_to_a_topic(technology: str, tmp_path: Path) -> None:
    head = await sealed_head(tmp_path)
    stores = await topic_openers()[technology](tmp_path)
    try:
        assert stores.topics is not None
        await TopicAnchor(stores.topics, "baton.tree-heads").put(head)
        consumer = await stores.topics.consume("baton.tree-heads", group="auditors")
        (received,) = await consumer.next()
        await consumer.close()
    finally:
        await stores.close()

    assert received.message.key == b"baton"
    document = json.loads(received.message.value or b"")
    assert document["note"].encode() == head.note


@pytest.mark.parametrize("address", ["https:", "http://example.org/heads", "file:", "ftp://x/"])
def test_an_anchor_is_a_file_or_an_encrypted_address(address: str) -> None:
    with pytest.raises(ValidationError, match="must be file:PATH or an https:// address"):
        Settings(audit_anchor=address, audit_anchor_secret=SecretStr(SECRET))


def test_an_address_needs_a_secret() -> None:
    with pytest.raises(ValidationError, match="BATON_AUDIT_ANCHOR_SECRET"):
        Settings(audit_anchor="https://example.org/heads")
    with pytest.raises(ValidationError, match="at least 16 bytes"):
        Settings(audit_anchor_secret=SecretStr("short"))
    assert Settings(
        audit_anchor="https://example.org/heads", audit_anchor_secret=SecretStr(SECRET)
    ).audit_anchor
