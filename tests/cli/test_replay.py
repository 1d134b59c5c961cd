"""`baton replay` rebuilds the views, compares them with the live ones, and replaces them."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from baton.eventlog.process_priority import NICENESS
from tests.cli.conftest import Call
from tests.cli.processes import baton, dev


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with some finished runs and no process using it."""
    folder = tmp_path_factory.mktemp("finished")
    ended = baton("demo", "--orders", 4, "--data", "data", folder=folder)
    assert (ended.code, ended.err) == (0, "")
    return folder / "data"


@pytest.fixture
def data(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "data"))


def change_views(data: Path, statement: str) -> None:
    """Change the table of runs as only a fault would."""
    with closing(sqlite3.connect(data / "views-1.db")) as views:
        tables = views.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        (runs,) = (name for (name,) in tables if "runs" in name and "steps" not in name)
        views.execute(statement.format(runs=runs))
        views.commit()


def test_unchanged_views_match_the_events(call: Call, data: Path) -> None:
    ended = call("replay", "--data", data)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith(": the views match the events.\n")


def test_a_replay_gives_way_to_the_services(
    call: Call, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "setpriority", lambda *arguments: given.append(arguments))

    ended = call("replay", "--data", data)

    assert (ended.code, given) == (0, [(os.PRIO_PROCESS, 0, NICENESS)])


def test_the_first_row_that_differs_is_named(call: Call, data: Path) -> None:
    change_views(
        data,
        "UPDATE {runs} SET document ="
        " CAST(replace(CAST(document AS TEXT), 'completed', 'failed') AS BLOB)",
    )

    ended = call("replay", "--data", data)
    report = json.loads(call("replay", "--data", data, "--json").out)

    assert ended.code == 1
    assert ended.err.startswith("The views differ from the events at runs ")
    assert ended.err.endswith(" of tenant demo: `baton replay --apply` repairs them\n")
    assert report["equal"] is False
    assert report["difference"]["view"] == "runs"
    assert "failed" in report["difference"]["live"]
    assert "completed" in report["difference"]["rebuilt"]


def test_a_row_that_is_missing_is_named(call: Call, data: Path) -> None:
    change_views(data, "DELETE FROM {runs}")

    ended = call("replay", "--data", data)

    assert ended.code == 1
    assert "(the row is missing)" in ended.err


def test_apply_repairs_a_differing_row(call: Call, data: Path) -> None:
    change_views(data, "DELETE FROM {runs}")

    mended = call("replay", "--data", data, "--apply")
    again = call("replay", "--data", data)

    assert (mended.code, mended.err) == (0, "")
    assert mended.out.endswith("and applied to the live views, which differed.\n")
    assert again.code == 0


def test_deleted_views_are_rebuilt(call: Call, data: Path) -> None:
    for left in data.glob("views-*.db*"):
        left.unlink()

    assert call("replay", "--data", data, "--apply").code == 0
    assert call("replay", "--data", data).code == 0


def test_a_replay_ends_at_the_given_position_or_time(call: Call, data: Path) -> None:
    whole = json.loads(call("replay", "--data", data, "--json").out)["position"]

    part = json.loads(call("replay", "--data", data, "--to", 5, "--json").out)
    beyond = json.loads(call("replay", "--data", data, "--to", whole + 99, "--json").out)
    never = json.loads(call("replay", "--data", data, "--to", "2001-01-01", "--json").out)
    always = json.loads(call("replay", "--data", data, "--to", "2999-01-01T00:00Z", "--json").out)

    assert part == {"position": 5, "equal": None, "applied": False, "difference": None}
    assert [one["position"] for one in (beyond, never, always)] == [whole, 0, whole]


def test_events_just_imported_are_replayed(call: Call, data: Path) -> None:
    exported = call("export", "--data", data, "-o", "events.ndjson")
    imported = call("import", "events.ndjson", "--data", "new")
    head = json.loads(call("replay", "--data", data, "--json").out)["position"]

    first = call("replay", "--data", "new")
    part = call("replay", "--data", "new", "--to", 5)
    letters = call("deadletters", "list", "--data", "new")
    applied = call("replay", "--data", "new", "--apply")
    again = call("replay", "--data", "new")

    verbs = (exported, imported, first, part, letters, applied, again)
    assert [ended.code for ended in verbs] == [0] * 7
    assert first.out.startswith(f"Rebuilt up to position {head}; there are no live views yet: ")
    assert "`baton replay --apply`" in first.out
    assert part.out == "Rebuilt up to position 5; nothing was compared.\n"
    assert again.out == f"Rebuilt up to position {head}: the views match the events.\n"


def test_a_store_in_use_is_compared_and_not_changed(
    call: Call, finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path / "data")
    with dev(tmp_path, "--data", "data") as running:
        compared = call("replay", "--data", "data")
        refused = call("replay", "--data", "data", "--apply")
        listed = call("runs", "list", "--url", running.url, "--token", running.token)

    assert compared.code == 0
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("data is in use by another Baton process (pid ")
    assert refused.err.count("\n") == 1
    assert len(listed.out.splitlines()) == 4


def test_services_continue_with_applied_views(call: Call, data: Path, tmp_path: Path) -> None:
    call("replay", "--data", data, "--to", 5, "--apply")

    with dev(tmp_path, "--data", "data") as running:
        listed = call("runs", "list", "--url", running.url, "--token", running.token)
        compared = call("replay", "--data", data)

    assert len(listed.out.splitlines()) == 4
    assert compared.code == 0


def test_a_folder_without_events_is_reported_and_not_touched(call: Call, tmp_path: Path) -> None:
    ended = call("replay", "--data", "nowhere")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("There are no events in nowhere: name another folder with --data")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_kind_of_store_is_reported(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_STORE", "carrier-pigeon://loft")

    ended = call("replay")

    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert "no store for carrier-pigeon" in ended.err
