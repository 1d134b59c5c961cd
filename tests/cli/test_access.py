"""`baton apikey` and `baton user` on a data folder, alone and beside a running `dev`."""

import io
import json
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from baton.domain.user.decisions import DECIDER as USER
from baton.protocols.api_key_text import parse_key
from tests.cli.conftest import Call
from tests.cli.processes import DEADLINE_S, Dev, Ended, baton, dev
from tests.kit.eventually import eventually

PASSWORD = "correct horse battery"


def last_line(ended: Ended) -> str:
    assert (ended.code, ended.err) == (0, "")
    return ended.out.splitlines()[-1]


def created(call: Call, *more: object, tenant: str = "acme", name: str = "importer") -> str:
    return last_line(call("apikey", "create", "--tenant", tenant, "--name", name, *more))


def listed(call: Call, *more: object) -> list[dict[str, Any]]:
    ended = call("apikey", "list", "--json", *more)
    assert ended.code == 0, ended.err
    return list(json.loads(ended.out))


@pytest.fixture
def add_user(call: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return a function that adds a user whose password comes from standard input."""

    def add(name: str, *more: object, password: str = PASSWORD) -> Ended:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\r\n"))
        return call("user", "add", name, "--password-stdin", *more)

    return add


def test_a_new_key_stands_on_the_last_line_and_nowhere_else(call: Call, tmp_path: Path) -> None:
    key = created(call)
    named = parse_key(key)
    (shown,) = listed(call)

    assert named is not None
    assert named.tenant == "acme"
    assert (shown["id"], shown["tenant"], shown["name"]) == (named.key_id, "acme", "importer")
    assert (shown["scopes"], shown["groups"]) == (["orchestrator:read", "orchestrator:write"], [])
    assert (shown["status"], shown["expiresAt"], shown["lastUsedAt"]) == ("active", None, None)
    assert shown["createdBy"]
    secret = key.rpartition("_")[2].encode()
    call("export", "-o", "events.ndjson")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"baton.db", "events.ndjson"}
    assert not [path for path in files if secret in path.read_bytes()]
    assert stat.S_IMODE((tmp_path / ".baton" / "baton.db").stat().st_mode) == 0o600


def test_scopes_groups_and_an_end_can_be_chosen(call: Call) -> None:
    more = ("--scope", "orchestrator:admin", "--group", "ops", "--group", "on call")
    created(call, *more, "--expires", "2999-01-01T00:00:00Z")
    created(call, "--expires", "90d", name="short", tenant="globex")
    created(call, "--expires", "2999-01-01T00:00:00+02:00", name="berlin", tenant="globex")
    first, *others = listed(call)

    assert (first["scopes"], first["groups"]) == (["orchestrator:admin"], ["ops", "on call"])
    assert first["expiresAt"] == "2999-01-01T00:00:00.000Z"
    assert others[0]["expiresAt"] > others[0]["createdAt"]
    assert others[1]["expiresAt"] == "2998-12-31T22:00:00.000Z"
    assert [key["name"] for key in listed(call, "--tenant", "globex")] == ["short", "berlin"]


def test_a_key_is_revoked_once(call: Call) -> None:
    key = parse_key(created(call))
    other = parse_key(created(call, name="other"))
    assert key is not None
    assert other is not None

    assert last_line(call("apikey", "revoke", key.key_id)) == f"Revoked {key.key_id}."
    assert last_line(call("apikey", "revoke", key.key_id)) == f"{key.key_id} was revoked before."
    found = {one["id"]: one["status"] for one in listed(call)}
    assert found == {key.key_id: "revoked", other.key_id: "active"}
    assert next(one for one in listed(call) if one["id"] == key.key_id)["revokedBy"]


def test_keys_are_listed_as_lines_in_a_pipe(call: Call) -> None:
    key = parse_key(created(call, name="nightly import"))
    assert key is not None
    cells = call("apikey", "list").out.rstrip("\n").split("\t")

    assert cells[:3] == [key.key_id, "acme", "nightly import"]
    assert cells[3:5] == ["orchestrator:read orchestrator:write", "active"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("apikey create --name n", "Missing option '--tenant'"),
        ("apikey create --tenant t", "Missing option '--name'"),
        ("apikey create --tenant T --name n", "Invalid value for '--tenant'"),
        ("apikey create --tenant t --name n --scope all", "write one or more of orchestrator:read"),
        ("apikey create --tenant t --name n --expires soon", "write a duration (90d) or a time"),
        ("apikey create --tenant t --name n --expires 2999-13-01", "write a duration (90d)"),
        ("user add eve --tenant t", "pipe the password into --password-stdin"),
    ],
)
def test_wrong_usage_fails_with_one_line(call: Call, arguments: str, message: str) -> None:
    ended = call(*arguments.split())

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    assert message in ended.err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--name", " x"), "The API key is not valid: name must have 1 to 200 characters"),
        (("--name", "x\x1b[2J"), "The API key is not valid: name must not have line ends"),
        (("--name", "x", "--group", ""), "The API key is not valid: groups[0] must have 1 to 200"),
        (("--name", "x", "--expires", "2001-01-01T00:00:00Z"), "expires_at must be in the future"),
    ],
)
def test_a_refused_key_changes_nothing(call: Call, more: tuple[str, ...], message: str) -> None:
    created(call)
    ended = call("apikey", "create", "--tenant", "acme", *more)

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert message in ended.err
    assert len(listed(call)) == 1


def test_a_missing_user_or_key_is_named(call: Call) -> None:
    for verb in ("apikey list", "apikey revoke x", "user list", "user remove eve"):
        assert "There are no events in .baton" in call(*verb.split()).err
    created(call)

    unknown = call("apikey", "revoke", "d" * 20)
    nobody = call("user", "remove", "eve")
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.err == f"There is no API key {'d' * 20}: `baton apikey list` shows them\n"
    assert (nobody.code, nobody.out) == (1, "")
    assert nobody.err == "There is no user eve: `baton user list` shows them\n"


def test_a_store_that_keeps_nothing_is_refused(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_STORE", "memory:")
    ended = call("apikey", "create", "--tenant", "acme", "--name", "n")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "memory: stores nothing: name a store with --data or BATON_STORE\n"


def test_users_have_names_that_are_unique_on_the_server(call: Call, add_user: Call) -> None:
    first = add_user("eve", "--tenant", "acme", "--scope", "orchestrator:admin")
    again = add_user("eve", "--tenant", "globex")

    assert (first.code, first.out, first.err) == (
        0,
        "Added eve to tenant acme in sqlite:///.baton/baton.db.\n",
        "",
    )
    assert (again.code, again.out, again.err) == (1, "", "User 'eve' already exists\n")
    (user,) = json.loads(call("user", "list", "--json").out)
    assert (user["name"], user["tenant"]) == ("eve", "acme")
    assert user["scopes"] == ["orchestrator:admin"]
    assert call("user", "list", "--tenant", "globex").out == ""

    assert last_line(call("user", "remove", "eve")) == "Removed eve."
    assert json.loads(call("user", "list", "--json").out) == []
    assert add_user("eve", "--tenant", "globex").code == 0
    assert call("user", "list").out.startswith("eve\tglobex\t")


def test_a_password_is_stored_as_an_argon2_hash_alone(
    call: Call, add_user: Call, tmp_path: Path
) -> None:
    assert add_user("eve", "--tenant", "acme").code == 0
    call("export", "-o", "events.ndjson")
    (added,) = [
        line["data"]
        for line in map(json.loads, (tmp_path / "events.ndjson").read_text().splitlines())
        if line["type"] == f"{USER.name}.UserAdded"
    ]

    assert added["password_hash"].startswith("$argon2id$v=19$m=65536,t=3,")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]


def test_a_short_password_is_refused(add_user: Call, tmp_path: Path) -> None:
    for password in ("", "short", "x" * 2_000):
        ended = add_user("eve", "--tenant", "acme", password=password)
        assert (ended.code, ended.out) == (2, "")
        assert "the password must have 8 to 1000 characters" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_keys_and_users_come_along_with_an_import(call: Call, add_user: Call) -> None:
    key = parse_key(created(call, "--data", "old"))
    assert key is not None
    call("apikey", "revoke", key.key_id, "--data", "old")
    created(call, "--data", "old", name="second")
    add_user("eve", "--tenant", "acme", "--data", "old")
    before = listed(call, "--data", "old")
    call("export", "--data", "old", "-o", "events.ndjson")

    assert call("import", "--data", "new", "events.ndjson").code == 0
    assert listed(call, "--data", "new") == before
    assert call("user", "list", "--data", "new").out == call("user", "list", "--data", "old").out
    assert add_user("eve", "--tenant", "acme", "--data", "new").code == 1


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    with dev(tmp_path_factory.mktemp("beside")) as found:
        yield found


def status_of(server: Dev, key: str, path: str = "/runs") -> int:
    request = Request(server.url + path, headers={"Authorization": f"Bearer {key}"})
    try:
        with urlopen(request, timeout=DEADLINE_S) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


async def test_a_key_made_beside_dev_is_taken_at_once_and_refused_once_revoked(
    running: Dev,
) -> None:
    folder = running.folder
    made = baton("apikey", "create", "--tenant", "acme", "--name", "beside", folder=folder)
    text = last_line(made)
    key = parse_key(text)
    assert key is not None
    assert status_of(running, text) == 200

    assert baton("apikey", "revoke", key.key_id, folder=folder).code == 0

    async def refused() -> bool:
        return status_of(running, text) == 401

    await eventually(refused, within_s=5)
    assert re.search(rf"{key.key_id}\tacme\tbeside\t.*\trevoked", listing(folder))


def test_a_key_names_the_tenant_of_the_verbs_that_work_with_a_server(running: Dev) -> None:
    made = baton("apikey", "create", "--tenant", "acme", "--name", "ci", folder=running.folder)
    place = ("--url", running.url, "--token", last_line(made))

    listed = baton("runs", "list", *place, folder=running.folder)
    foreign = baton("runs", "list", *place, "--tenant", "demo", folder=running.folder)

    assert (listed.code, listed.err) == (0, "")
    assert foreign.err.startswith("The token is valid for acme, not for demo: set --tenant")


async def test_the_views_of_dev_follow_events_that_another_process_appends(running: Dev) -> None:
    """Without a command to `dev`: its log has no other reason to look into the store."""
    text = last_line(
        baton("apikey", "create", "--tenant", "acme", "--name", "seen", folder=running.folder)
    )

    async def ready() -> bool:
        return status_of(running, text, "/readyz") == 200

    await eventually(ready, within_s=10)
    replayed = baton("replay", "--json", folder=running.folder)
    report = json.loads(replayed.out)
    assert (replayed.code, report["equal"]) == (0, True)


def listing(folder: Path) -> str:
    return baton("apikey", "list", folder=folder).out
