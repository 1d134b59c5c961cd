"""`baton audit` on the folder of a `baton dev` that ran three runs and was stopped or killed."""

import json
import re
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.processes import baton, dev
from tests.cli.screens import plain, screens

DEFINITION = """
slug: audited
name: Audited
trigger: {type: on-demand}
steps: [{id: only, type: compute, functionId: noop}]
"""


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the data of a server; `run` holds the id of a run."""
    folder = tmp_path_factory.mktemp("audited")
    (folder / "audited.yaml").write_text(DEFINITION)
    anchor = {"BATON_AUDIT_ANCHOR": f"file:{folder / 'heads'}"}
    with dev(folder, env=anchor) as running:
        assert baton("definitions", "apply", "audited.yaml", folder=folder).code == 0
        runs = [
            baton("runs", "start", "audited", "--wait", "--json", folder=folder) for _ in range(1)
        ]
        (folder / "run").write_text(json.loads(runs[-1].out)["id"])
        assert running.stop(signal.SIGTERM).code == 0
    return folder


@pytest.fixture
def data(audited: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(audited / ".baton", tmp_path / "data"))


def tamper(data: Path, statement: str) -> None:
    with sqlite3.connect(data / "baton.db") as database:
        database.execute(statement)


def test_a_clean_stop_leaves_every_event_sealed(audited: Path, data: Path, call: Call) -> None:
    verified = call("audit", "verify", "--data", data)
    as_json = json.loads(call("audit", "verify", "--data", data, "--json").out)
    by_two = json.loads(call("audit", "verify", "--data", data, "--jobs", "2", "--json").out)

    assert verified.code == 0
    assert by_two == as_json
    assert "the whole log up to it." in verified.out
    assert "signed by baton+" in verified.out
    assert as_json["ok"] is True
    assert as_json["unsealed"] == 0
    assert as_json["events"] == as_json["head"]["size"] > 5


def test_a_changed_event_is_named(data: Path, call: Call) -> None:
    tamper(
        data,
        "UPDATE stored_events SET state = CAST(replace(state, '\"at\"', '\"at\" ') AS BLOB)"
        " WHERE rowid = 4",
    )
    verified = call("audit", "verify", "--data", data)
    as_json = call("audit", "verify", "--data", data, "--json")

    assert verified.code == 1
    assert verified.err.startswith("first break: demo/")
    assert verified.err.endswith(" at 4: its content differs from its leaf\n")
    assert as_json.code == 1
    assert json.loads(as_json.out)["firstBreak"]["position"] == 4


def test_a_log_that_was_cut_is_found_by_an_anchor(audited: Path, data: Path, call: Call) -> None:
    anchored = audited / "heads"
    for statement in (
        "DELETE FROM stored_events WHERE rowid > 5",
        "DELETE FROM leaf_blocks",
        "DELETE FROM tree_heads",
    ):
        tamper(data, statement)
    alone = call("audit", "verify", "--data", data)
    beside = call("audit", "verify", "--data", data, "--since", anchored)

    assert alone.code == 0
    assert "Not sealed" in alone.out
    assert beside.code == 1
    assert "the log has 5 events, and the head that was given has" in beside.err


def test_an_import_passes_against_the_old_head(
    audited: Path, data: Path, call: Call, tmp_path: Path
) -> None:
    assert call("export", "--data", data, "-o", tmp_path / "e.ndjson").code == 0
    assert call("import", tmp_path / "e.ndjson", "--data", tmp_path / "other").code == 0
    key = call("audit", "key", "--data", data).out.strip()
    verified = call(
        *("audit", "verify", "--data", tmp_path / "other", "--key", key),
        *("--since", audited / "heads"),
    )

    assert verified.code == 0
    assert "Not sealed" in verified.out


def test_an_export_is_verified_without_a_store(data: Path, call: Call, tmp_path: Path) -> None:
    export, proof = tmp_path / "e.ndjson", tmp_path / "e.proof"
    key = call("audit", "key", "--data", data).out.strip()
    assert call("export", "--data", data, "-o", export, "--proof", proof).code == 0
    of_proof = call("audit", "verify", "--export", export, "--proof", proof, "--key", key)
    alone = call("audit", "verify", "--export", export)
    export.write_bytes(export.read_bytes().replace(b"audited", b"edited!"))
    changed = call("audit", "verify", "--export", export, "--proof", proof, "--key", key)

    assert (of_proof.code, alone.code, changed.code) == (0, 0, 1)
    assert f"signed by {key}" in of_proof.out
    assert "the whole log up to it." in of_proof.out
    assert "differs from its leaf" in changed.err


def test_the_export_of_one_run_is_proved(
    audited: Path, data: Path, call: Call, tmp_path: Path
) -> None:
    run = (audited / "run").read_text()
    export, proof = tmp_path / "run.ndjson", tmp_path / "run.proof"
    assert call("export", "--data", data, "--run", run, "-o", export, "--proof", proof).code == 0
    verified = call("audit", "verify", "--export", export, "--proof", proof)

    assert verified.code == 0
    assert "whose signature was not checked" in verified.out
    assert "a part of the log" in verified.out


def test_a_run_is_shown_with_actors_leaves_and_state(audited: Path, data: Path, call: Call) -> None:
    run = (audited / "run").read_text()
    shown = json.loads(call("audit", "run", run, "--data", data, "--json").out)
    lines = call("audit", "run", run, "--data", data).out.splitlines()
    first = shown["events"][0]
    earlier = call("audit", "run", run, "--data", data, "--at", first["position"], "--json")
    before = call("audit", "run", run, "--data", data, "--at", "2020-01-01")

    assert first["type"] == "RunRequested"
    assert first["actor"].startswith("dev (token)")
    assert shown["state"]["status"] == "completed"
    assert shown["state"]["steps"][0]["stepId"] == "only"
    assert shown["sealedUpTo"] >= shown["events"][-1]["position"]
    assert lines[-1].startswith("completed; a signed head covers")
    assert len(lines) == len(shown["events"]) + 1
    assert json.loads(earlier.out)["state"]["status"] == "pending"
    assert before.code == 1
    unknown = call("audit", "run", "nothing", "--data", data)
    assert unknown.code == 1
    assert unknown.err.startswith("There is no run nothing in this store; where the views aren't")


def test_the_events_of_a_run_are_lines_of_a_narrow_terminal(audited: Path) -> None:
    run = (audited / "run").read_text()
    words = ("audit", "run", run)

    narrow, wide = screens([(80, words), (120, words)], folder=audited, env={})

    for width, screen in ((80, narrow), (120, wide)):
        heading, *rows, summary = plain(screen.out).splitlines()
        assert heading.split()[:5] == ["POSITION", "TIME", "EVENT", "ABOUT", "ACTOR"]
        assert all(re.match(r" *\d+  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  \w", row) for row in rows)
        assert max(map(len, [heading, *rows])) <= width
        assert summary.endswith(f"of {len(rows)} events.")


def test_a_run_is_found_by_its_tenant_without_views(audited: Path, data: Path, call: Call) -> None:
    run = (audited / "run").read_text()
    for views in data.glob("views-*.db*"):
        views.unlink()

    assert "--tenant" in call("audit", "run", run, "--data", data).err
    assert call("audit", "run", run, "--data", data, "--tenant", "demo").code == 0


def test_the_key_is_private_and_its_verifier_is_printed(data: Path, call: Call) -> None:
    printed = call("audit", "key", "--data", data)
    document = json.loads(call("audit", "key", "--data", data, "--json").out)

    assert (data / "audit.key").stat().st_mode & 0o777 == 0o600
    assert (data / "audit.key").read_text().startswith("PRIVATE+KEY+baton+")
    assert "PRIVATE" not in printed.out
    assert document == {"key": printed.out.strip(), "former": []}


def test_a_rotated_key_stands_before_the_former_one(data: Path, call: Call) -> None:
    former = json.loads(call("audit", "key", "--data", data, "--json").out)["key"]
    rotated = call("audit", "key", "--data", data, "--rotate", "--json")
    document = json.loads(rotated.out)

    assert document["former"] == [former]
    assert document == json.loads(call("audit", "key", "--data", data, "--json").out)
    assert (data / "audit.key").stat().st_mode & 0o777 == 0o600
    assert call("audit", "verify", "--data", data).code == 0, "the former key is still known"
    assert call("audit", "verify", "--data", data, "--key", document["key"]).code == 1


def test_a_key_of_the_environment_is_rotated_there(
    data: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_AUDIT_KEY", (data / "audit.key").read_text().strip())
    refused = call("audit", "key", "--data", data, "--rotate")

    assert refused.code == 1
    assert "BATON_AUDIT_KEY holds the key" in refused.err


def test_a_key_is_made_on_request(call: Call, tmp_path: Path) -> None:
    none = call("audit", "key", "--data", tmp_path / "new")
    made = call("audit", "key", "--data", tmp_path / "new", "--create")

    assert none.code == 1
    assert "--create" in none.err
    assert made.out == call("audit", "key", "--data", tmp_path / "new").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--key", "nonsense"),
        ("--proof", "file"),
        ("--export", "file", "--since", "file"),
        ("--export", "file", "--from", "3"),
        ("--export", "file", "--jobs", "2"),
        ("--jobs", "0"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    arguments: tuple[str, ...], call: Call, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")

    assert call("audit", "verify", *arguments).code == 2


def test_files_that_hold_something_else_are_named(data: Path, call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"{}")
    since = call("audit", "verify", "--data", data, "--since", "file")
    proof = call("audit", "verify", "--export", "file", "--proof", "file")
    (data / "audit.key").write_text("something else\n")
    key = call("audit", "key", "--data", data)

    assert (since.code, proof.code, key.code) == (1, 1, 1)
    assert "file holds no head" in since.err
    assert "file is not a proof" in proof.err
    assert f"{data / 'audit.key'} is damaged" in key.err


def test_a_log_without_a_head_has_no_proof(data: Path, call: Call, tmp_path: Path) -> None:
    tamper(data, "DELETE FROM tree_heads")
    failed = call("export", "--data", data, "-o", tmp_path / "e", "--proof", tmp_path / "p")

    assert failed.code == 1
    assert "There is no signed head yet" in failed.err
    assert not (tmp_path / "e").exists()


def test_a_kill_leaves_a_log_that_a_restart_seals(tmp_path: Path) -> None:
    (tmp_path / "audited.yaml").write_text(DEFINITION)
    with dev(tmp_path) as running:
        assert baton("definitions", "apply", "audited.yaml", folder=tmp_path).code == 0
        running.process.kill()
        running.process.wait()
    killed = baton("audit", "verify", "--json", folder=tmp_path)
    with dev(tmp_path) as running:
        assert running.stop().code == 0
    restarted = baton("audit", "verify", "--json", folder=tmp_path)

    assert killed.code == restarted.code == 0
    assert json.loads(restarted.out)["unsealed"] == 0


def test_the_notary_can_be_switched_off(tmp_path: Path) -> None:
    with dev(tmp_path, env={"BATON_NOTARY": "false"}) as running:
        assert running.stop().code == 0

    assert not (tmp_path / ".baton" / "audit.key").exists()
    assert "Not sealed" in baton("audit", "verify", folder=tmp_path).out
