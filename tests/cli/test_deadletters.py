"""`baton deadletters` lists dead letters as lines and as JSON, and redrives them."""

import asyncio
import json
from pathlib import Path

import pytest

from baton.backends.sqlite import BACKEND
from baton.eventlog.ports.backend import StoreLocation
from baton.eventlog.ports.dead_letters import DeadLetter
from baton.eventlog.ports.topics import Message
from tests.cli.conftest import Call
from tests.cli.processes import baton

LETTERS = (
    DeadLetter(
        letter_id="b1",
        source="baton.records/3@7",
        reason="specversion: must be '1.0'",
        message=Message(value=b'{"id":"\xc3\xa9"}', key=b"orders", headers=(("ce_id", b"\xff"),)),
        at=1_700_000_000_250,
        redriven_at=1_700_000_001_000,
    ),
    DeadLetter(
        letter_id="a2",
        source="baton.records/0@8",
        reason="The message has no value",
        message=Message(value=None),
        at=1_700_000_002_000,
    ),
    DeadLetter(
        letter_id="a1",
        source="baton.records/0@9",
        reason="The message is not valid JSON (line 1, column 1)",
        message=Message(value=b"\xfe\x00"),
        at=1_700_000_003_000,
    ),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    put(tmp_path / "data", *LETTERS)
    return tmp_path / "data"


def put(data: Path, *letters: DeadLetter) -> None:
    async def work() -> None:
        stores = await BACKEND.open(StoreLocation(folder=data, secrets_keys=(bytes(32),)))
        await stores.dead_letters.put(letters)
        await stores.close()

    asyncio.run(work())


def test_letters_are_listed_in_the_order_of_their_times(call: Call, data: Path) -> None:
    ended = call("deadletters", "list", "--data", data)

    assert (ended.code, ended.err) == (0, "")
    assert [line.split("\t") for line in ended.out.splitlines()] == [
        [
            "b1",
            "2023-11-14T22:13:20.250Z",
            "baton.records/3@7",
            "specversion: must be '1.0'",
            "2023-11-14T22:13:21.000Z",
        ],
        [
            "a2",
            "2023-11-14T22:13:22.000Z",
            "baton.records/0@8",
            "The message has no value",
            "",
        ],
        [
            "a1",
            "2023-11-14T22:13:23.000Z",
            "baton.records/0@9",
            "The message is not valid JSON (line 1, column 1)",
            "",
        ],
    ]


def test_a_limit_selects_the_newest_letters(call: Call, data: Path) -> None:
    ended = call("deadletters", "list", "--data", data, "--limit", 1)

    assert [line.split("\t")[0] for line in ended.out.splitlines()] == ["a1"]


def test_json_holds_the_content_of_the_messages(call: Call, data: Path) -> None:
    found = json.loads(call("deadletters", "list", "--data", data, "--json").out)

    assert found[0] == {
        "id": "b1",
        "source": "baton.records/3@7",
        "reason": "specversion: must be '1.0'",
        "at": "2023-11-14T22:13:20.250Z",
        "redrivenAt": "2023-11-14T22:13:21.000Z",
        "key": "orders",
        "value": '{"id":"é"}',
        "headers": [{"name": "ce_id", "value_base64": "/w=="}],
    }
    assert (found[1]["value"], found[2]["value_base64"]) == (None, "/gA=")


def test_an_unbuffered_process_prints_a_large_message_completely(data: Path) -> None:
    large = DeadLetter(
        letter_id="c1", source="t/0@1", reason="?", message=Message(value=b"x" * 2**21), at=1
    )
    put(data, large)
    asked = ("deadletters", "list", "--json", "--data", data)

    for _ in range(3):
        ended = baton(*asked, folder=data.parent, env={"PYTHONUNBUFFERED": "1"})
        assert len(json.loads(ended.out)[0]["value"]) == 2**21


def test_redriving_needs_a_log_with_topics(call: Call, data: Path) -> None:
    ended = call("deadletters", "redrive", "a1", "--data", data)

    assert ended.code == 1
    assert ended.err == (
        "memory: has no topics to send to: set BATON_LOG=kafka://HOST:PORT, the log that the"
        " messages came from\n"
    )


@pytest.mark.parametrize("arguments", [(), ("a1", "--all")])
def test_one_letter_or_all_must_be_named(call: Call, data: Path, arguments: tuple[str]) -> None:
    ended = call("deadletters", "redrive", *arguments, "--data", data)

    assert ended.code == 2
    assert "name the ID of a letter, or --all" in ended.err


def test_a_folder_without_events_is_not_touched(call: Call, tmp_path: Path) -> None:
    ended = call("deadletters", "list", "--data", tmp_path / "nowhere")

    assert ended.code == 1
    assert "name another folder with --data" in ended.err
    assert not (tmp_path / "nowhere").exists()
