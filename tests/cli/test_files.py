"""The files of a data folder: private, complete after a clean stop, and named when damaged."""

import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.processes import baton, dev

GARBAGE = b"this is no database" * 500


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of mode 0755 in which `dev` ran and stopped cleanly."""
    folder = tmp_path_factory.mktemp("files")
    folder.chmod(0o755)
    with dev(folder) as running:
        baton("definitions", "apply", definition(folder), folder=folder)
        assert running.token not in running.announced
        assert mode(folder / ".baton" / "baton.db") == 0o600
        assert running.stop().code == 0
    return folder


def definition(folder: Path) -> Path:
    file = folder / "orders.yaml"
    file.write_text(
        "slug: orders\nname: Orders\n"
        "trigger: {type: http-trigger, signingSecret: a signing secret of 16}\n"
        "steps: [{id: only, type: compute, functionId: noop}]\n"
    )
    return file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def data(stopped: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stopped / ".baton", tmp_path / ".baton"))


def test_files_are_readable_by_their_owner_alone(stopped: Path, call: Call, tmp_path: Path) -> None:
    files = [path for path in (stopped / ".baton").iterdir() if path.name != ".gitignore"]

    assert {path.name for path in files} >= {"baton.db", "views-1.db", "seal.key", "token"}
    assert {mode(path) for path in files} == {0o600}
    assert mode(stopped / ".baton") == 0o700
    assert call("export", "--data", stopped / ".baton", "-o", tmp_path / "e.ndjson").code == 0
    assert mode(tmp_path / "e.ndjson") == 0o600


def test_a_data_folder_stays_out_of_repositories(stopped: Path) -> None:
    assert (stopped / ".baton" / ".gitignore").read_text() == "*\n"


def test_after_a_clean_stop_the_one_file_holds_every_event(stopped: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copied"
    copy.mkdir()
    shutil.copy(stopped / ".baton" / "baton.db", copy)

    with sqlite3.connect(copy / "baton.db") as database:
        (count,) = database.execute("SELECT count(*) FROM stored_events").fetchone()
    assert count > 0


def test_damaged_views_are_rebuilt(data: Path, call: Call) -> None:
    (data / "views-1.db").write_bytes(GARBAGE)

    read = call("replay", "--data", data)
    applied = call("replay", "--apply", "--data", data)
    again = call("replay", "--data", data)

    assert read.code == 1
    assert f"{data / 'views-1.db'} is damaged" in read.err
    assert "replay --apply" in read.err
    assert (applied.code, again.code) == (0, 0), applied.err + again.err
    assert (data / "views-1.db.damaged").read_bytes() == GARBAGE


@pytest.mark.parametrize("verb", [("replay",), ("export",), ("deadletters", "list")])
def test_a_damaged_store_is_named(data: Path, call: Call, verb: tuple[str, ...]) -> None:
    (data / "baton.db").write_bytes(GARBAGE)

    ended = call(*verb, "--data", data)

    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert f"{data / 'baton.db'} is damaged" in ended.err
    assert "put a copy of the file back" in ended.err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe garbage", b"abcdef"])
def test_a_damaged_key_is_named(data: Path, call: Call, content: bytes) -> None:
    (data / "seal.key").write_bytes(content)
    ended = call("secrets", "reseal", "--data", data)

    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert f"{data / 'seal.key'} is damaged" in ended.err
    assert "put a copy back" in ended.err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe garbage", b"short"])
def test_a_damaged_secret_is_named(data: Path, call: Call, content: bytes) -> None:
    (data / "jwt.secret").write_bytes(content)
    ended = call("token", "--tenant", "acme", "--data", data)

    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert f"{data / 'jwt.secret'} is damaged" in ended.err


def test_secrets_of_a_folder_are_resealed_once(data: Path, call: Call) -> None:
    old = (data / "seal.key").read_text().strip()
    (data / "seal.key").write_text(f"{'ab' * 32}\n{old}\n")

    first = call("secrets", "reseal", "--data", data)
    again = call("secrets", "reseal", "--data", data)

    assert (first.code, again.code) == (0, 0)
    assert first.out == "Moved 1 secrets to the newest key.\n"
    assert again.out == "Moved 0 secrets to the newest key.\n"
