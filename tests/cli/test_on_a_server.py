"""`definitions`, `runs` and `events` against a running `baton dev`."""

import io
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.cli.conftest import Call
from tests.cli.processes import Dev, Ended, in_terminal
from tests.dialects.centrali_documents import compute, orchestration
from tests.kit.eventually import eventually_blocking

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def slug(request: pytest.FixtureRequest) -> str:
    """Return a name that no other test of the module uses."""
    name = str(request.node.originalname)
    return name.removeprefix("test_").replace("_", "-")[:60].strip("-")


def definition(slug: str, function: str = "reject-order", **more: object) -> dict[str, Any]:
    return orchestration(slug, compute(function=function), **more)


def applied(ask: Call, document: dict[str, Any]) -> dict[str, Any]:
    Path("applied.json").write_text(json.dumps(document))
    ended = ask("definitions", "apply", "applied.json", "--json")
    assert (ended.code, ended.err) == (0, "")
    return dict(json.loads(ended.out))


def last_run(ask: Call, slug: str) -> dict[str, Any]:
    return dict(json.loads(ask("runs", "list", slug, "--limit", "1", "--json").out)[0])


# --- definitions ---


def test_a_file_is_created_then_unchanged_then_updated(ask: Call, slug: str) -> None:
    file = Path("definition.json")
    said = []
    for name in ("One", "One", "Two"):
        file.write_text(json.dumps(definition(slug, name=name)))
        said.append(ask("definitions", "apply", file).out.partition(", id")[0])

    assert said == [
        f"{slug} created: version 1",
        f"{slug} unchanged: version 1",
        f"{slug} updated: version 2",
    ]


def test_yaml_and_json_give_the_same_definition(ask: Call, slug: str) -> None:
    made = applied(ask, definition(slug, description="Said twice"))
    Path("same.yaml").write_text(
        f"""
slug: {slug}
name: {slug.title()}
description: Said twice
trigger: {{type: on-demand}}
steps:
  - id: only
    type: compute
    functionId: reject-order
"""
    )

    ended = ask("definitions", "apply", "same.yaml")

    assert ended.out == f"{slug} unchanged: version 1, id {made['id']}\n"


def test_a_yaml_file_may_begin_with_a_brace(ask: Call, slug: str) -> None:
    Path("flow.yaml").write_text(
        f"{{slug: {slug}, name: In one line, steps: [{{id: only, function: noop}}]}}"
    )

    assert ask("definitions", "apply", "flow.yaml").out.startswith(f"{slug} created: version 1")


def test_the_output_of_show_can_be_applied(ask: Call, slug: str) -> None:
    applied(ask, definition(slug, isActive=False))
    Path("shown.json").write_text(ask("definitions", "show", slug).out)

    assert ask("definitions", "apply", "shown.json").out.startswith(f"{slug} unchanged: version 1")


def test_a_dash_reads_standard_input(ask: Call, slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(definition(slug))))

    assert ask("definitions", "apply", "-").out.startswith(f"{slug} created: version 1")


def test_a_definition_is_found_by_slug_and_by_id(ask: Call, slug: str) -> None:
    made = applied(ask, definition(slug))

    by_slug = json.loads(ask("definitions", "show", slug).out)
    assert (by_slug["id"], by_slug["steps"]) == (
        made["id"],
        [{"id": "only", "function": "reject-order"}],
    )
    assert json.loads(ask("definitions", "show", made["id"]).out) == by_slug


def test_definitions_are_listed_as_lines_and_as_json(ask: Call, slug: str) -> None:
    made = applied(ask, definition(slug))

    lines = ask("definitions", "list").out.splitlines()
    listed = json.loads(ask("definitions", "list", "--json").out)

    (line,) = (line for line in lines if line.startswith(f"{slug}\t"))
    assert line.split("\t") == [
        slug,
        "1",
        "active",
        "manual",
        slug.title(),
        made["updatedAt"],
        made["id"],
    ]
    assert made["id"] in {one["id"] for one in listed}


def test_definitions_are_listed_over_several_pages(ask: Call, slug: str) -> None:
    names = [f"{slug[:50]}-{number}" for number in range(101)]
    for name in names:
        applied(ask, definition(name))

    listed = json.loads(ask("definitions", "list", "--json").out)

    assert set(names) <= {one["slug"] for one in listed}


def answers_by_route(server: Dev) -> Counter[str]:
    with urlopen(f"{server.url}/metrics") as response:
        text = response.read().decode()
    found = re.findall(
        r'^baton_http_answers_total{.*route="([^"]+)".*} ([0-9.]+)$', text, re.MULTILINE
    )
    counts: Counter[str] = Counter()
    for route, count in found:
        counts[route] += int(float(count))
    return counts


@pytest.mark.parametrize(
    ("arguments", "changing"),
    [
        ("runs start {}", "/runs"),
        ("runs list {}", "/runs"),
        ("definitions show {}", "/definitions/{definition}"),
        ("definitions delete {}", "/definitions/{definition}"),
    ],
)
def test_a_slug_is_looked_up_by_one_request(
    ask: Call, server: Dev, slug: str, arguments: str, changing: str
) -> None:
    name = f"{slug}-{arguments.split()[1]}"
    applied(ask, definition(name))
    before = answers_by_route(server)

    ended = ask(*arguments.format(name).split())

    assert ended.code == 0
    sent = answers_by_route(server) - before
    del sent["/metrics"]
    assert set(sent) <= {"/definitions/{definition}", changing}
    assert sum(sent.values()) <= 2


def test_a_mistyped_slug_gets_the_nearest_one(ask: Call, slug: str) -> None:
    applied(ask, definition(slug))

    ended = ask("runs", "start", f"{slug}s")

    assert ended.code == 1
    assert f"There is no definition '{slug}s' of tenant demo at " in ended.err
    assert f"; the nearest is '{slug}': `baton definitions list` shows all\n" in ended.err


def test_a_deleted_definition_is_not_listed_and_its_runs_stay(ask: Call, slug: str) -> None:
    applied(ask, definition(slug))
    run_id = ask("runs", "start", slug).out.strip()

    assert ask("definitions", "delete", slug).out == f"{slug} deleted\n"

    missing = ask("definitions", "show", slug)
    assert missing.code == 1
    assert missing.err.startswith(f"There is no definition '{slug}' of tenant demo at http://")
    assert missing.err.endswith(": `baton definitions list` shows all\n")
    assert ask("runs", "watch", run_id).code == 0


def test_a_status_shows_the_openapi_dialect(ask: Call, slug: str) -> None:
    document = definition(slug, status="draft")
    document["trigger"] = {"type": "scheduled", "scheduleType": "interval", "interval": 60}

    applied(ask, document)

    made = json.loads(ask("definitions", "show", slug).out)
    assert (made["status"], made["trigger"]) == ("draft", {"every": "1m"})


def test_a_workflow_of_tasks_is_applied_by_its_name(ask: Call, slug: str) -> None:
    file, said = Path("tasks.yaml"), []
    for function in ("reject-order", "reject-order", "fulfill-order"):
        file.write_text(f"name: {slug}\ntasks:\n  - {{name: only, type: {function}}}\n")
        said.append(ask("definitions", "apply", file).out.partition(", id")[0])
    strict = Path("strict.json")
    strict.write_text(json.dumps({"name": slug, "tasks": [{"name": "a", "typ": "b"}]}))

    checked = ask("definitions", "validate", strict, "--dialect", "orchestration-system")

    assert said == [
        f"{slug} created: version 1",
        f"{slug} unchanged: version 1",
        f"{slug} updated: version 2",
    ]
    assert (checked.code, checked.err) == (1, "strict.json: tasks[0].type required\n")
    assert ask("runs", "start", slug, "--wait").code == 0


def test_a_workflow_of_tasks_without_types_is_applied_by_its_name(ask: Call, slug: str) -> None:
    file, said = Path("workflow.yaml"), []
    for name in ("reject-order", "reject-order", "fulfill-order"):
        file.write_text(f"name: {slug}\ntasks:\n  - {{name: {name}, timeout: 1000}}\n")
        said.append(ask("definitions", "apply", file).out.partition(", id")[0])

    assert said == [
        f"{slug} created: version 1",
        f"{slug} unchanged: version 1",
        f"{slug} updated: version 2",
    ]
    assert ask("runs", "start", slug, "--wait").code == 0


def test_a_dag_is_published_version_by_version(ask: Call, slug: str) -> None:
    file, show, said = Path("dag.yaml"), f"`baton definitions show {slug}`", []
    for version, function in (
        ('"1.10"', "reject-order"),
        ('"1.10"', "reject-order"),
        ('"1.9"', "reject-order"),
        ('"1.9"', "fulfill-order"),
        ("2", "fulfill-order"),
    ):
        step = f"{{id: only, uses: {function}}}"
        file.write_text(f"dagId: {slug}\nversion: {version}\nsteps:\n  - {step}\n")
        ended = ask("definitions", "apply", file)
        said.append((ended.out or ended.err).partition(", id")[0].strip())

    assert said == [
        f"{slug} created: version 1.10",
        f"{slug} unchanged: version 1.10",
        f"{slug} updated: version 1.9",
        f"Definition {slug}: Version 1.9 of DAG '{slug}' has other content; {show} shows it",
        f"{slug} updated: version 2",
    ]
    assert ask("runs", "start", slug, "--wait").code == 0


def test_publishing_a_dag_needs_the_scope_of_an_admin(
    ask: Call, server: Dev, slug: str, tmp_path: Path
) -> None:
    file = tmp_path / "dag.json"
    file.write_text(json.dumps({"dagId": slug, "steps": [{"id": "a", "uses": "reject-order"}]}))
    data = ("--data", server.folder / ".baton")
    token = ask("token", "--tenant", "demo", *data).out.strip()

    refused = ask("definitions", "apply", file, "--url", server.url, "--token", token)

    assert refused.code == 1
    assert "lacks the scope orchestrator:admin: set --token" in refused.err


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, ""),
        ({"dagId": "A B"}, "dagId must be 1 to 63 characters of a-z, 0-9 and -"),
        ({"version": "v1"}, "version must be dotted whole numbers without leading zeros"),
        ({"version": 1.5}, "version "),
        ({"steps": [{"id": "a", "uses": "noop", "wiht": {}}]}, "steps[0].wiht is unknown; did you"),
        (
            {"edges": [{"from": "a", "to": "b"}, {"from": "b", "to": "a"}]},
            "edges these steps need each",
        ),
        ({"edges": [{"from": "a", "to": "z"}]}, "edges[0].to names the unknown step 'z'"),
    ],
)
def test_a_dag_is_validated_without_a_server(
    call: Call, changes: dict[str, Any], fault: str
) -> None:
    steps = [{"id": "a", "uses": "noop"}, {"id": "b", "uses": "noop"}]
    Path("dag.json").write_text(json.dumps({"dagId": "orders", "steps": steps, **changes}))

    ended = call("definitions", "validate", "dag.json")

    assert ended.code == (1 if fault else 0)
    assert ended.err.startswith(f"dag.json: {fault}" if fault else "")
    assert ended.out == ("" if fault else "dag.json is a valid definition of orchestrator\n")


def test_a_document_without_the_marks_of_a_dialect_is_in_batons_own_format(
    ask: Call, call: Call, slug: str
) -> None:
    file, said = Path("own.yaml"), []
    for function in ("reject-order", "reject-order", "fulfill-order"):
        file.write_text(
            f"slug: {slug}\nname: Own\nstatus: active\ntrigger: {{every: 1d}}\n"
            f"steps:\n  - {{id: only, function: {function}, timeout: 30s}}\n"
            "  - {id: pause, delay: 1ms}\n"
        )
        said.append(ask("definitions", "apply", file).out.partition(", id")[0])
    valid = call("definitions", "validate", file)
    file.write_text(f"slug: {slug}\nname: Own\nsteps: [{{id: only, wait: {{signal: go}}}}]\n")
    early = call("definitions", "validate", file, "--lenient")
    Path("typo.yaml").write_text(f"slug: {slug}\nname: Own\nsteps: [{{id: a, functon: f}}]\n")
    wrong = ask("definitions", "apply", "typo.yaml")

    assert said == [
        f"{slug} created: version 1",
        f"{slug} unchanged: version 1",
        f"{slug} updated: version 2",
    ]
    assert (valid.code, valid.out) == (0, "own.yaml is a valid definition of baton\n")
    assert early.err == (
        "own.yaml: steps[0].wait is not yet possible: Baton reserves the word for a later version\n"
    )
    assert (wrong.code, "steps[0] must have one of function" in wrong.err) == (1, True)


def test_the_schema_of_a_definition_is_printed(call: Call) -> None:
    ended = call("definitions", "schema")

    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["required"] == ["slug", "name", "steps"]


@pytest.mark.parametrize(
    ("dialect", "interval"), [("centrali-openapi", "1000m"), ("centrali-reference", "1m")]
)
def test_the_dialect_option_decides_the_unit_of_an_interval(
    ask: Call, slug: str, dialect: str, interval: str
) -> None:
    trigger = {"type": "scheduled", "scheduleType": "interval", "interval": 60_000}
    document = definition(f"{slug[:40]}-{dialect}", trigger=trigger)
    Path("interval.json").write_text(json.dumps(document))

    made = json.loads(
        ask("definitions", "apply", "interval.json", "--dialect", dialect, "--json").out
    )

    assert json.loads(ask("definitions", "show", made["id"]).out)["trigger"] == {"every": interval}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "bad.json is not JSON: "),
        ("[]", "bad.json: A definition is an object: at least slug, name and steps"),
        ("{}", "bad.json: This isn't a definition: it has no slug and no name and no"),
        ('{"slug": "x"}', "bad.json: This isn't a definition: it has no name and no steps"),
        ('{"name": "x"}', "bad.json: This isn't a definition: it has no slug and"),
        ('{"name": "x", "tasks": []}', "Definition x: Invalid request body: tasks must have at"),
        ('{"dagId": "x", "edges": []}', "bad.json: This isn't a definition: it has no steps"),
        ('{"dagId": "x", "steps": []}', "Definition x: Invalid request body: steps must have at"),
        (
            '{"slug": "x", "steps": [], "trigger": {"interval": 60}}',
            "bad.json: trigger.interval counts seconds in centrali-openapi and milliseconds in ",
        ),
        (
            '{"slug": "x", "name": "X", "trigger": {"type": "on-demand"}, "steps": [{"id": "a"}]}',
            "Definition x: Invalid request body: steps[0].type required",
        ),
    ],
)
def test_a_document_that_is_not_a_definition_is_refused(ask: Call, text: str, message: str) -> None:
    Path("bad.json").write_text(text)

    ended = ask("definitions", "apply", "bad.json")

    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert ended.err.startswith(message)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.yaml", b"slug: x\nsteps: [", "bad.yaml is not YAML: expected the node content, but"),
        ("place.yaml", b"slug: x\n  name: y\n", "place.yaml is not YAML: mapping values are not"),
        ("bytes.yaml", b"\xff\xfe\xff", "bytes.yaml can't be read: it is not UTF-8"),
        ("set.yaml", b"slug: !!set {a}\n", "set.yaml holds a value that JSON can't express"),
        ("tag.yaml", b"!!python/object/apply:os.system ['true']", "tag.yaml is not YAML: "),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    ask: Call, name: str, content: bytes, message: str
) -> None:
    Path(name).write_bytes(content)

    ended = ask("definitions", "apply", name)

    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert ended.err.startswith(message)


def test_an_unknown_dialect_is_refused_with_the_known_ones(ask: Call) -> None:
    Path("any.json").write_text("{}")

    ended = ask("definitions", "apply", "any.json", "--dialect", "klingon")

    assert ended.code == 2
    assert ended.err.startswith(
        "baton definitions apply: Invalid value for '--dialect': 'klingon' isn't a dialect of"
        " definitions: choose one of centrali-openapi, centrali-reference"
    )


# --- runs ---


def test_a_run_is_started_and_watched_to_its_end(ask: Call, slug: str) -> None:
    applied(ask, definition(slug))

    run_id = ask("runs", "start", slug, "--input", '{"recordId": "rec_1"}').out.strip()
    ended = ask("runs", "watch", run_id)

    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].endswith("requested  by dev")
    assert "only  compute   succeeded in" in lines[1]
    assert lines[2].strip() == 'output {"rejected": true}'
    assert lines[-1].startswith(f"Run {run_id} of {slug} (version 1): completed after ")


def test_the_conditions_of_a_decision_are_shown(ask: Call, slug: str) -> None:
    cases = [
        {
            "conditions": [
                {"path": "input.amount", "op": "gt", "value": 100},
                {"path": "input.customer.name", "op": "exists"},
            ],
            "nextStepId": "big",
        }
    ]
    steps = [
        {"id": "size", "type": "decision", "cases": cases},
        {"id": "big", "type": "compute", "functionId": "noop"},
    ]
    applied(ask, definition(slug, steps=steps))
    run_id = ask("runs", "start", slug, "--input", '{"amount": 7}').out.strip()
    ask("runs", "watch", run_id)

    shown = ask("runs", "show", run_id).out

    assert "case 1: input.amount gt 100? no, it is 7" in shown
    assert "case 1: input.customer.name exists? no, it is missing" in shown
    assert "no case matched, on to the end" in shown


def test_the_same_key_starts_one_run(ask: Call, slug: str) -> None:
    applied(ask, definition(slug))

    started = {ask("runs", "start", slug, "--key", "order-7").out for _ in range(2)}

    assert len(started) == 1
    assert len(json.loads(ask("runs", "list", slug, "--json").out)) == 1


def test_input_can_be_a_file(ask: Call, slug: str) -> None:
    applied(ask, definition(slug, "echo"))
    Path("input.json").write_text('{"from": "a file"}')

    ended = ask("runs", "start", slug, "--input", "@input.json", "--wait", "--json")

    assert json.loads(ended.out)["input"] == {"from": "a file"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "expected a JSON object, got '[1]'"),
        ("7", "expected a JSON object, got '7'"),
        ('{"a": }', "not JSON (Expecting value: line 1 column 7 (char 6))"),
        ("@none.json", "there is no file none.json"),
        ("@bad.json", "bad.json: not JSON (Expecting value: line 2 column 6 (char 7)"),
    ],
)
def test_input_that_is_not_an_object_is_refused_with_its_place(
    ask: Call, text: str, message: str
) -> None:
    Path("bad.json").write_text('{\n"a": }')

    ended = ask("runs", "start", "any", "--input", text)

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith(f"baton runs start: Invalid value for '--input': {message}")


def test_a_failed_run_is_watched_shown_and_retried(ask: Call, slug: str) -> None:
    applied(ask, definition(slug, "break-once"))

    failed = ask("runs", "start", slug, "--wait")
    run_id = last_run(ask, slug)["id"]
    retried = ask("runs", "retry", run_id)
    mended = ask("runs", "watch", run_id)

    assert failed.code == 1
    assert failed.err == f"Run {run_id} failed: `baton runs retry {run_id}` reopens it\n"
    assert "CLOSED: the carrier is closed" in failed.out
    assert (retried.code, retried.out) == (0, f"{run_id} reopened\n")
    assert mended.code == 0
    assert "succeeded in" in mended.out
    assert "attempt 2" in mended.out


def test_a_waiting_run_is_cancelled(ask: Call, slug: str) -> None:
    wait = {"id": "wait", "type": "delay", "delayMs": 3_600_000}
    applied(ask, definition(slug, steps=[wait]))
    run_id = ask("runs", "start", slug).out.strip()

    cancelled = ask("runs", "cancel", run_id, "--reason", "no longer wanted")
    again = ask("runs", "cancel", run_id)
    watched = ask("runs", "watch", run_id)

    assert (cancelled.code, cancelled.out) == (0, f"{run_id} cancelled\n")
    assert (again.code, again.out) == (0, f"{run_id} cancelled\n")
    assert watched.code == 1
    assert "cancelled  no longer wanted" in watched.out
    assert ask("runs", "list", slug, "--status", "cancelled").out.startswith(f"{run_id}\t")


def test_a_change_of_a_run_is_shown_as_json(ask: Call, slug: str) -> None:
    applied(ask, definition(slug, steps=[{"id": "wait", "type": "delay", "delayMs": 3_600_000}]))
    run_id = ask("runs", "start", slug).out.strip()

    for verb, statuses in {
        "pause": {"paused"},
        "cancel": {"cancelled"},
        "retry": {"running", "waiting"},
    }.items():
        shown = json.loads(ask("runs", verb, run_id, "--json").out)
        assert (shown["id"], shown["status"] in statuses) == (run_id, True)


def test_a_run_is_paused_and_resumed(ask: Call, slug: str) -> None:
    wait = {"id": "wait", "type": "delay", "delayMs": 3_600_000}
    applied(ask, definition(slug, steps=[wait]))
    run_id = ask("runs", "start", slug).out.strip()
    eventually_blocking(lambda: ask("runs", "list", slug, "--status", "waiting").out)

    paused = ask("runs", "pause", run_id, "--reason", "lunch", "--cancel")
    listed = ask("runs", "list", slug, "--status", "paused").out
    preview = ask("runs", "resume", run_id, "--timers", "skip", "--preview").out.splitlines()
    resumed = ask("runs", "resume", run_id, "--timers", "skip")
    again = ask("runs", "resume", run_id)

    assert (paused.code, paused.out.partition(":")[0]) == (0, f"{run_id} paused")
    assert listed.startswith(f"{run_id}\t")
    assert preview[0].startswith("held     wait: delay due at ")
    assert preview[1:] == [
        "next     run.RunResumed",
        "next     run.DelayElapsed wait",
        "next     run.RunCompleted",
    ]
    assert (resumed.code, resumed.out) == (0, f"{run_id} resumed: completed\n")
    assert again.err.startswith(f"Run {run_id}: The run is not paused: it is completed")


def test_a_completed_run_cannot_be_cancelled_or_retried(ask: Call, slug: str) -> None:
    applied(ask, definition(slug))
    ask("runs", "start", slug, "--wait")
    run_id = last_run(ask, slug)["id"]

    for verb in ("cancel", "retry"):
        ended = ask("runs", verb, run_id)
        assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
        assert ended.err.startswith(f"Run {run_id}: The run has ")
        assert ended.err.endswith(f"; `baton runs show {run_id}` shows it\n")


def test_runs_are_listed_newest_first_over_all_definitions(ask: Call, slug: str) -> None:
    for name in (f"{slug[:50]}-a", f"{slug[:50]}-b"):
        applied(ask, definition(name))
        ask("runs", "start", name, "--wait")

    newest, before = (line.split("\t") for line in ask("runs", "list").out.splitlines()[:2])

    assert (newest[1], newest[2]) == (f"{slug[:50]}-b", "completed")
    assert before[1] == f"{slug[:50]}-a"
    found = ask("runs", "list", "--find", newest[0]).out.splitlines()
    assert [line.split("\t")[0] for line in found] == [newest[0]]
    assert ask("runs", "list", "--record", "rec_none").out == ""


@pytest.mark.parametrize("verb", ["show", "watch", "cancel", "retry"])
def test_an_unknown_run_is_reported(ask: Call, server: Dev, verb: str) -> None:
    ended = ask("runs", verb, "00000000000000000000")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"There is no run '00000000000000000000' of tenant demo at {server.url}:"
        " `baton runs list` shows the newest\n"
    )


def test_a_step_that_did_not_fail_is_reported(ask: Call, slug: str) -> None:
    applied(ask, definition(slug, "break-once"))
    ask("runs", "start", slug, "--wait")
    run_id = last_run(ask, slug)["id"]

    ended = ask("runs", "retry", run_id, "--step", "none")

    assert ended.code == 1
    assert ended.err == (
        f"Run {run_id}, step 'none': The run has no failed step to retry;"
        f" `baton runs show {run_id}` shows it\n"
    )


def of_server(server: Dev) -> dict[str, str]:
    return {"BATON_DATA": str(server.folder / ".baton")}


def test_ctrl_c_stops_watching_and_not_the_run(ask: Call, server: Dev, slug: str) -> None:
    wait = {"id": "wait", "type": "delay", "delayMs": 3_600_000}
    applied(ask, definition(slug, steps=[wait]))
    run_id = ask("runs", "start", slug).out.strip()

    watched = in_terminal(
        Path(),
        "runs",
        "watch",
        run_id,
        typed=lambda shown: "\x03" if "until" in shown else "",
        env=of_server(server),
    )

    assert watched.code == 130
    assert "Traceback" not in watched.out
    assert json.loads(ask("runs", "show", run_id, "--json").out)["status"] == "waiting"


def test_a_shell_completes_definitions_and_runs(
    ask: Call, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(ask, definition(slug))
    run_id = json.loads(ask("runs", "start", slug, "--wait", "--json").out)["id"]
    monkeypatch.setenv("_BATON_COMPLETE", "complete_bash")

    def completed(words: str, word: str, count: int) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", f"baton {words} {word}")
        monkeypatch.setenv("COMP_CWORD", str(count))
        ended = ask()
        assert (ended.code, ended.err) == (0, "")
        return ended.out.split()

    assert completed("definitions show", slug[:-1], 3) == [slug]
    assert completed("runs start", slug[:-1], 3) == [slug]
    assert completed("runs show", run_id[:-1], 3) == [run_id]
    assert completed("runs list --status", "f", 4) == ["failed"]
    assert completed("runs show --url http://127.0.0.1:1 --token x", "", 7) == []


# --- events ---


def on_orders(slug: str) -> dict[str, Any]:
    trigger = {"type": "event-driven", "eventType": "record.created", "structureSlug": slug}
    return definition(slug, trigger=trigger)


def test_a_record_event_starts_a_run_once(ask: Call, slug: str) -> None:
    applied(ask, on_orders(slug))
    arguments = ("events", "send", f"{slug}/1001", "--record", '{"total": 3}', "--id", slug)

    first, second = ask(*arguments), ask(*arguments)

    assert (first.code, first.out.partition(", position")[0]) == (0, "1 accepted, 0 duplicates")
    assert second.out.partition(", position")[0] == "0 accepted, 1 duplicates"
    run_id = awaited(ask, slug)["id"]
    run = json.loads(ask("runs", "watch", run_id, "--json").out)
    assert run["input"] == {
        "event": "record_created",
        "workspaceSlug": "demo",
        "recordSlug": slug,
        "recordId": "1001",
        "data": {"total": 3},
    }
    assert len(json.loads(ask("runs", "list", slug, "--json").out)) == 1


def awaited(ask: Call, slug: str) -> dict[str, Any]:
    """Return the run that an event starts, once it is listed."""
    runs = eventually_blocking(lambda: json.loads(ask("runs", "list", slug, "--json").out))
    return dict(runs[0])


def test_a_file_without_events_is_named(ask: Call) -> None:
    Path("events.json").write_text("[1]")

    ended = ask("events", "send", "--file", "events.json")

    assert (ended.code, ended.out, ended.err) == (1, "", "events.json: must be an object\n")


def test_every_event_of_a_file_is_sent(ask: Call, slug: str) -> None:
    event = {"specversion": "1.0", "source": slug, "type": "record.updated"}
    Path("events.yaml").write_text(
        json.dumps([{**event, "id": str(n), "subject": f"{slug}/{n}"} for n in range(3)])
    )

    ended = ask("events", "send", "--file", "events.yaml", "--json")

    assert json.loads(ended.out)["accepted"] == 3


def test_a_plain_record_event_is_accepted(ask: Call, slug: str) -> None:
    payload = {"event": "record_deleted", "recordSlug": slug, "recordId": "7", "data": {}}
    Path("event.json").write_text(json.dumps(payload))

    assert ask("events", "send", "--file", "event.json").out.startswith("1 accepted, ")


def test_an_event_that_nothing_waits_for_names_the_nearest_definition(ask: Call, slug: str) -> None:
    applied(ask, on_orders(slug))

    ended = ask("events", "send", f"{slug}x/1", "--record", "{}")

    def waited() -> Ended | None:
        """Return the answer; the server may know the definitions as of a second ago."""
        sent = ask("events", "send", f"{slug}/1", "--record", "{}")
        return sent if sent.out.endswith(", 1 matched\n") else None

    assert ended.out.endswith(", 0 matched\n")
    assert ended.err.startswith(
        f"No run starts for record.created of {slug}x: the nearest, {slug},"
    )
    found = eventually_blocking(waited)
    assert found is not None
    assert found.err == ""


def test_a_record_event_is_explained_by_the_id_that_its_definition_shows(
    ask: Call, slug: str
) -> None:
    applied(ask, on_orders(slug))
    ask("events", "send", f"{slug}x/1", "--record", "{}")

    (line,) = [
        line
        for line in ask("explain", "definition", slug).out.splitlines()
        if f"record.created {slug}x" in line
    ]
    explained = ask("explain", "record", line.split()[1])
    unknown = ask("explain", "record", "none")

    outcomes = dict(one.split("\t")[:2] for one in explained.out.splitlines())
    assert outcomes[slug] in {"not_matched", "skipped"}
    assert "`baton explain definition DEFINITION` shows the newest" in unknown.err


def test_an_unquoted_time_in_yaml_is_read(ask: Call, slug: str) -> None:
    Path("once.yaml").write_text(
        f"slug: {slug}\nname: Once\ntrigger:\n  type: scheduled\n  scheduleType: once\n"
        "  scheduledAt: 2027-01-01T09:00:00Z\n"
        "steps:\n  - {id: a, type: compute, functionId: noop}\n"
    )

    assert ask("definitions", "apply", "once.yaml").code == 0
    shown = json.loads(ask("definitions", "show", slug).out)
    assert shown["trigger"] == {"at": "2027-01-01T09:00:00.000Z"}


def test_apply_refuses_unknown_members_unless_it_is_lenient(ask: Call, slug: str) -> None:
    document = on_orders(slug)
    document["steps"][0]["timeutMs"] = 5
    Path("typo.json").write_text(json.dumps(document))

    strict = ask("definitions", "apply", "typo.json")
    lenient = ask("definitions", "apply", "typo.json", "--lenient")

    assert (strict.code, strict.out) == (1, "")
    assert "steps[0].timeutMs is unknown; did you mean 'timeoutMs'?" in strict.err
    assert lenient.code == 0


def test_the_functions_of_the_server_are_listed(ask: Call) -> None:
    lines = ask("functions", "list").out.splitlines()
    found = json.loads(ask("functions", "list", "--json").out)

    assert found["executors"] == 1
    names = [line.split("\t")[:2] for line in lines]
    assert ["reject-order", "python"] in names
    assert ["noop", "builtin"] in names


@pytest.mark.parametrize("verb", ["apply", "validate"])
def test_an_unknown_function_is_named_with_the_nearest(ask: Call, slug: str, verb: str) -> None:
    steps = [
        compute("first", function="rejct-order"),
        compute("second", function="func_ghi789"),
        compute("third", function="reject-order"),
    ]
    Path("misspelled.json").write_text(json.dumps(definition(f"{slug}-{verb}", steps=steps)))

    ended = ask("definitions", verb, "misspelled.json")

    assert ended.code == 0
    assert ended.err == (
        "steps[0].functionId: no running executor knows the function 'rejct-order'; the nearest is"
        " 'reject-order' (`baton functions list` shows all)\n"
    )


def test_a_definition_is_validated_without_a_server(call: Call, slug: str) -> None:
    document = on_orders(slug)
    Path("good.json").write_text(json.dumps(document))
    document["steps"][0]["timeutMs"] = 5
    Path("typo.json").write_text(json.dumps(document))
    Path("bad.json").write_text(json.dumps({**document, "slug": "A B"}))

    good = call("definitions", "validate", "good.json")
    strict = call("definitions", "validate", "typo.json")
    lenient = call("definitions", "validate", "typo.json", "--lenient")
    bad = call("definitions", "validate", "bad.json")

    assert (good.code, lenient.code, strict.code, bad.code) == (0, 0, 1, 1)
    assert "steps[0].timeutMs is unknown; did you mean 'timeoutMs'?" in strict.err
    assert bad.err.startswith("bad.json: slug must be 1 to 63")


def test_an_event_that_cannot_be_read_is_refused(ask: Call) -> None:
    ended = ask("events", "send", "orders/1", "--type", "record.eaten")

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith("baton events send: Invalid value: ")
    assert "record.created" in ended.err


# --- finding the server ---


def test_a_missing_server_is_reported_with_the_verb_that_starts_one(call: Call) -> None:
    ended = call("runs", "list", "--url", "http://127.0.0.1:1", "--token", "x", "--tenant", "demo")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "No server answers at http://127.0.0.1:1 (Connection refused): start `baton dev`, or set"
        " --url\n"
    )


def test_a_missing_token_is_reported_with_the_folder(call: Call) -> None:
    ended = call("runs", "list")

    assert ended.err == (
        "There is no token in .baton: start `baton dev` there, set BATON_DATA to the folder of"
        " another one, or set --token\n"
    )


def test_address_and_token_can_come_from_the_environment(
    call: Call, server: Dev, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_URL", f"{server.url}/")
    monkeypatch.setenv("BATON_TOKEN", server.token)

    assert call("runs", "list").code == 0


def test_a_token_of_another_server_is_refused_with_the_next_step(call: Call, server: Dev) -> None:
    forged = f"{server.token[:-8]}AAAAAAAA"

    ended = call("runs", "list", "--url", server.url, "--token", forged)

    assert ended.code == 1
    assert ended.err == (
        f"{server.url} does not accept this token: set --token"
        " (`baton token --tenant demo` creates one)\n"
    )


def test_a_token_for_several_tenants_needs_the_tenant_option(call: Call, server: Dev) -> None:
    data = ("--data", server.folder / ".baton")
    token = call("token", "--tenant", "acme", "--tenant", "bolt", *data).out.strip()
    place = ("--url", server.url, "--token", token)

    unclear, chosen = call("runs", "list", *place), call("runs", "list", *place, "--tenant", "bolt")
    foreign = call("runs", "list", *place, "--tenant", "demo")

    assert unclear.err == "The token is valid for acme, bolt: choose with --tenant\n"
    assert (chosen.code, chosen.err) == (0, "")
    assert foreign.err == (
        "The token is valid for acme, bolt, not for demo: set --tenant, or --token"
        " (`baton token --tenant demo` creates one)\n"
    )


def test_a_token_that_may_only_read_changes_nothing(call: Call, server: Dev) -> None:
    data = ("--data", server.folder / ".baton")
    token = call("token", "--tenant", "demo", "--scope", "orchestrator:read", *data).out.strip()
    Path("refused.json").write_text(json.dumps(definition("refused")))

    ended = call("definitions", "apply", "refused.json", "--url", server.url, "--token", token)

    assert ended.err == (
        "The token lacks the scope orchestrator:write: set --token"
        " (`baton token --tenant demo --scope orchestrator:write` creates one)\n"
    )


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_a_malformed_address_is_refused(call: Call, url: str) -> None:
    ended = call("runs", "list", "--url", url, "--token", "x", "--tenant", "demo")

    assert ended.code == 2
    assert ended.err.startswith(
        f"baton runs list: Invalid value for '--url': {url!r} is not the address of a server:"
        " write http://HOST:PORT"
    )


def test_a_malformed_address_of_the_environment_is_refused(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_URL", "here")

    ended = call("runs", "list", "--token", "x", "--tenant", "demo")

    assert (ended.code, ended.err) == (
        1,
        "'here' is not the address of a server: set BATON_URL=http://HOST:PORT\n",
    )


def test_a_server_that_is_not_baton_is_reported(call: Call) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Log nothing into the output of the tests."""

    with HTTPServer(("127.0.0.1", 0), Page) as other:
        url = f"http://127.0.0.1:{other.server_port}"
        answering = threading.Thread(target=other.handle_request)
        answering.start()
        ended = call("runs", "list", "--url", url, "--token", "x", "--tenant", "demo")
        answering.join()

    assert ended.err == f"The server at {url} is not Baton: set --url\n"


def test_runs_are_listed_and_shown_as_they_were(ask: Call, slug: str) -> None:
    applied(ask, definition(slug))
    ask("runs", "start", slug, "--wait")
    run = last_run(ask, slug)

    before = ask("runs", "list", "--as-of", "2020-01-01", "--json")
    now = ask("runs", "list", slug, "--as-of", "2999-01-01", "--json")
    first = ask("runs", "show", run["id"], "--as-of", run["requestedAt"], "--json")
    beyond = ask("runs", "show", run["id"], "--as-of", "999999999")
    explained = ask("explain", "run", run["id"], "--as-of", run["requestedAt"], "--json")
    triggers = ask("explain", "definition", slug, "--as-of", "2999-01-01", "--json")
    none = ask("definitions", "list", "--as-of", "2020-01-01", "--json")
    shown = ask("definitions", "show", slug, "--as-of", run["requestedAt"])
    unknown = ask("definitions", "show", slug, "--as-of", "2020-01-01")
    too_early = ask("runs", "list", slug, "--as-of", "2020-01-01")

    assert json.loads(before.out) == []
    assert json.loads(now.out) == [run]
    assert json.loads(first.out)["status"] in {"pending", "running", "completed"}
    assert beyond.code != 0
    assert "beyond the newest event" in beyond.err
    assert json.loads(explained.out)["suggestions"] == []
    assert json.loads(triggers.out)["slug"] == json.loads(shown.out)["slug"] == slug
    assert json.loads(none.out) == []
    assert "as of 2020-01-01T00:00:00.000Z" in unknown.err
    assert too_early.err == unknown.err
