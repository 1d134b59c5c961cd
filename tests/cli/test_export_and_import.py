"""`baton export` writes the same bytes each time, and `baton import` restores them."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from tests.cli.conftest import Call
from tests.cli.processes import (
    BATON,
    DEADLINE_S,
    Ended,
    baton,
    dev,
    environment,
    in_terminal,
    killed_at_end,
)
from tests.dialects.centrali_documents import compute, orchestration

MANY = b"".join(
    b'{"position":%d,"stream":"demo/run/%d","version":1,"type":"run.RunStarted","data":{"at":1}}\n'
    % (number, number)
    for number in range(1, 5_001)
)
"""Several times the capacity of a pipe, in bytes."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with some finished runs and no process using it."""
    folder = tmp_path_factory.mktemp("finished")
    ended = baton("demo", "--orders", 4, "--data", "data", folder=folder)
    assert (ended.code, ended.err) == (0, "")
    return folder / "data"


@pytest.fixture
def lines(call: Call, finished: Path, tmp_path: Path) -> list[bytes]:
    """Return the whole export, which is also in the file `events.ndjson`."""
    ended = call("export", "--data", finished, "-o", "events.ndjson")
    assert (ended.code, ended.out) == (0, "")
    return (tmp_path / "events.ndjson").read_bytes().splitlines(keepends=True)


def imported(text: bytes, folder: Path, *arguments: str) -> Ended:
    """Import events from standard input."""
    done = subprocess.run(
        [*BATON, "import", *arguments],
        cwd=folder,
        env=environment(),
        input=text,
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_every_event_is_a_line_in_the_order_of_the_log(lines: list[bytes]) -> None:
    found = [orjson.loads(line) for line in lines]
    versions: dict[str, int] = {}

    assert [one["position"] for one in found] == list(range(1, len(found) + 1))
    assert all([*one] == ["position", "stream", "version", "type", "data"] for one in found)
    for one in found:
        assert one["version"] == versions.get(one["stream"], 0) + 1
        versions[one["stream"]] = one["version"]
    assert sum(one["type"] == "run.RunCompleted" for one in found) == 4


def test_a_repeated_export_gives_the_same_bytes(
    call: Call, finished: Path, lines: list[bytes], tmp_path: Path
) -> None:
    printed = baton("export", "--data", finished, folder=tmp_path)
    again = call("export", "--data", finished, "--out", "again.ndjson")

    assert printed.out.encode() == (tmp_path / "again.ndjson").read_bytes() == b"".join(lines)
    assert printed.err == again.err
    assert printed.err.startswith(f"Exported {len(lines)} events of ")


def test_an_export_of_imported_events_is_the_same_file(
    call: Call, lines: list[bytes], tmp_path: Path
) -> None:
    first = call("import", "events.ndjson", "--data", "new")
    second = imported(b"".join(lines), tmp_path, "--data", "newer")
    call("export", "--data", "new", "-o", "new.ndjson")
    call("export", "--data", "newer", "-o", "newer.ndjson")

    assert (first.code, first.err) == (second.code, second.err) == (0, "")
    assert first.out == second.out
    assert first.out.startswith(f"Imported {len(lines)} events of ")
    assert (tmp_path / "new.ndjson").read_bytes() == b"".join(lines)
    assert (tmp_path / "newer.ndjson").read_bytes() == b"".join(lines)


def test_large_values_move_with_the_events(call: Call, tmp_path: Path) -> None:
    """A value over 64 KiB is a line of its own, before the first event that names it."""
    large = {"text": "x" * 100_000}
    (tmp_path / "large.json").write_text(json.dumps(large))
    (tmp_path / "echo.json").write_text(json.dumps(orchestration("echo", compute(function="echo"))))
    with dev(tmp_path, "--data", "old") as running:
        server = ("--url", running.url, "--token", running.token)
        call("definitions", "apply", "echo.json", *server)
        run_id = call("runs", "start", "echo", "--input", "@large.json", *server).out.strip()
        assert call("runs", "watch", run_id, *server).code == 0

    exported = call("export", "--data", "old", "-o", "old.ndjson")
    imported = call("import", "old.ndjson", "--data", "new")
    again = call("export", "--data", "new", "-o", "new.ndjson")
    replayed = call("replay", "--data", "new", "--apply")
    with dev(tmp_path, "--data", "new") as running:
        server = ("--url", running.url, "--token", running.token)
        shown = json.loads(call("runs", "show", run_id, "--json", *server).out)

    assert {ended.code for ended in (exported, imported, again, replayed)} == {0}
    assert (tmp_path / "new.ndjson").read_bytes() == (tmp_path / "old.ndjson").read_bytes()
    found = [orjson.loads(line) for line in (tmp_path / "old.ndjson").read_bytes().splitlines()]
    (artifact,) = (line for line in found if "artifact" in line)
    assert (artifact["tenant"], artifact["value"]) == ("demo", large)
    named = [one for one in found if artifact["artifact"] in str(one.get("data"))]
    assert found.index(artifact) == found.index(named[0]) - 1
    assert (shown["input"], shown["steps"][0]["output"]) == (large, large)


def test_services_continue_with_imported_events(
    call: Call, lines: list[bytes], tmp_path: Path
) -> None:
    call("import", "events.ndjson", "--data", "new")

    with dev(tmp_path, "--data", "new") as running:
        server = ("--url", running.url, "--token", running.token)
        listed = call("runs", "list", *server)
        started = call("runs", "start", "order-processing", *server)
        compared = call("replay", "--data", "new")
        exported = call("export", "--data", "new", "-o", "longer.ndjson")

    assert listed.out.count("completed") == 4
    assert (started.code, compared.code, exported.code) == (0, 0, 0)
    longer = (tmp_path / "longer.ndjson").read_bytes().splitlines(keepends=True)
    assert longer[: len(lines)] == lines
    assert len(longer) > len(lines)


def test_import_refuses_a_store_in_use(call: Call, lines: list[bytes], tmp_path: Path) -> None:
    with dev(tmp_path, "--data", "busy"):
        refused = call("import", "events.ndjson", "--data", "busy")

    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("busy is in use by another Baton process (pid ")


def test_an_export_can_be_limited_to_a_tenant_or_a_run(
    call: Call, finished: Path, lines: list[bytes], tmp_path: Path
) -> None:
    run = next(line.split(b'"')[5].split(b"/")[2] for line in lines if b"run.RunStarted" in line)
    of_run = [line for line in lines if b"/run/%s" % run in line.split(b",")[1]]

    call("export", "--data", finished, "--tenant", "demo", "-o", "tenant.ndjson")
    call("export", "--data", finished, "--run", run.decode(), "-o", "run.ndjson")

    assert (tmp_path / "tenant.ndjson").read_bytes() == b"".join(lines)
    assert (tmp_path / "run.ndjson").read_bytes() == b"".join(of_run)
    assert len(of_run) > 3


def test_an_export_of_an_unknown_run_fails_like_that_of_another_tenants_run(
    call: Call, finished: Path, lines: list[bytes], tmp_path: Path
) -> None:
    known = next(orjson.loads(line)["stream"] for line in lines if b"run.RunStarted" in line)
    run = known.split("/")[2]
    files = sorted(tmp_path.iterdir())

    def refused(*options: object) -> str:
        ended = call("export", "--data", finished, *options, "-o", "x.ndjson")
        assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
        return ended.err.replace(run, "RUN").replace("typo", "RUN")

    message = refused("--tenant", "x", "--run", run)
    assert message == refused("--tenant", "x", "--run", "typo")
    assert message.startswith("There is no run RUN of tenant x in this store: ")
    assert "no run RUN in this store between" in refused("--run", run, "--to", 1)
    assert refused("--run", "typo").startswith("There is no run RUN in this store: ")
    assert sorted(tmp_path.iterdir()) == files


def test_an_export_can_be_limited_to_a_range_of_positions(
    call: Call, finished: Path, lines: list[bytes], tmp_path: Path
) -> None:
    call("export", "--data", finished, "--from", 3, "--to", 9, "-o", "part.ndjson")
    call("export", "--data", finished, "--from", 3, "-o", "rest.ndjson")
    call("export", "--data", finished, "--to", 99_999, "-o", "all.ndjson")
    call("export", "--data", finished, "--to", 0, "-o", "none.ndjson")
    call("import", "all.ndjson", "--data", "all")

    assert (tmp_path / "part.ndjson").read_bytes() == b"".join(lines[2:9])
    assert (tmp_path / "rest.ndjson").read_bytes() == b"".join(lines[2:])
    assert (tmp_path / "all.ndjson").read_bytes() == b"".join(lines)
    assert (tmp_path / "none.ndjson").read_bytes() == b""


def test_the_beginning_of_a_log_can_be_imported(
    call: Call, finished: Path, lines: list[bytes], tmp_path: Path
) -> None:
    call("export", "--data", finished, "--to", 20, "-o", "begin.ndjson")
    call("import", "begin.ndjson", "--data", "new")
    call("export", "--data", "new", "-o", "again.ndjson")

    assert (tmp_path / "again.ndjson").read_bytes() == b"".join(lines[:20])


def test_import_refuses_a_store_with_events(call: Call, lines: list[bytes], tmp_path: Path) -> None:
    call("import", "events.ndjson", "--data", "new")

    refused = call("import", "events.ndjson", "--data", "new")
    call("export", "--data", "new", "-o", "again.ndjson")

    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert "already has events" in refused.err
    assert (tmp_path / "again.ndjson").read_bytes() == b"".join(lines)


def test_a_damaged_line_is_named_and_nothing_is_imported(
    call: Call, lines: list[bytes], tmp_path: Path
) -> None:
    lines[-1] = lines[-1].replace(b'"version":', b'"version":9')

    refused = imported(b"".join(lines), tmp_path, "--data", "new")
    mended = call("import", "events.ndjson", "--data", "new")

    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert refused.err.startswith(f"line {len(lines)}: demo/")
    assert mended.code == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_import_imports_nothing(
    call: Call, lines: list[bytes], tmp_path: Path, how: signal.Signals
) -> None:
    with (
        subprocess.Popen(
            [*BATON, "import", "--data", "new"],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as half,
        killed_at_end(half),
    ):
        assert half.stdin is not None
        half.stdin.write(MANY)  # returns when most of it was read
        half.stdin.flush()
        half.send_signal(how)
        half.stdin.close()
        half.wait(DEADLINE_S)

    whole = half.returncode == 0  # the import ended before the signal arrived
    assert not (whole and how is signal.SIGKILL)
    assert bool(call("export", "--data", "new").out) is whole
    assert call("import", "events.ndjson", "--data", "new").code == int(whole)


def test_an_export_names_a_damaged_event_and_leaves_no_file(
    call: Call, finished: Path, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(finished, tmp_path / "data"))
    with closing(sqlite3.connect(data / "baton.db")) as store, store:
        store.execute("UPDATE stored_events SET state = x'7b' WHERE rowid = 7")

    ended = call("export", "--data", data, "-o", "events.ndjson")

    assert (ended.code, ended.out) == (1, "")
    assert "(position 7)" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_folders_without_events_and_stores_in_memory_are_refused(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = call("export", "--data", "nowhere")
    missing = call("import", "missing.ndjson", "--data", "nowhere")
    monkeypatch.setenv("BATON_STORE", "memory:")
    memory = call("export")

    assert nowhere.err == (
        "There are no events in nowhere: name another folder with --data, or start"
        " `baton dev --data nowhere`\n"
    )
    assert "there is no file missing.ndjson" in missing.err
    assert memory.err.startswith("memory: stores nothing")
    assert (nowhere.code, missing.code, memory.code) == (1, 2, 1)
    assert list(tmp_path.iterdir()) == []


def test_in_a_terminal_a_file_must_be_named_and_progress_is_shown(
    finished: Path, tmp_path: Path
) -> None:
    asked = in_terminal(tmp_path, "import", "--data", "new")
    shown = in_terminal(tmp_path, "export", "--data", str(finished), "-o", "events.ndjson")
    taken = in_terminal(tmp_path, "import", "events.ndjson", "--data", "new")

    assert asked.code == 2
    assert "name a FILE, or pipe the output of `baton export` into it" in asked.out
    assert (shown.code, taken.code) == (0, 0)
    assert "Exported" in shown.out
    assert "Imported" in taken.out


def test_a_closed_pipe_gives_no_traceback(finished: Path, tmp_path: Path) -> None:
    line = f"{sys.executable} -m baton export --data {finished} | head -c 10"
    done = subprocess.run(
        ["bash", "-c", line],
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == '{"position'
    assert "Traceback" not in done.stderr


def test_an_export_holds_no_secret(lines: list[bytes], finished: Path) -> None:
    secrets = [(finished / name).read_bytes().strip() for name in ("jwt.secret", "seal.key")]

    assert not any(secret in b"".join(lines) for secret in secrets)
