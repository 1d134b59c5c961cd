"""`baton bulk …` against a running `baton dev`."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call
from tests.dialects.centrali_documents import compute, delay, orchestration
from tests.kit.eventually import eventually_blocking

WAIT_S = 20


class Terminal(io.StringIO):
    """What a user types."""

    def isatty(self) -> bool:
        return True


def started(ask: Call, slug: str, step: Any, *, status: str, count: int = 2) -> list[str]:
    """Start runs of a new definition; return their ids, the oldest first, in this status."""
    Path("one.json").write_text(json.dumps(orchestration(slug, step)))
    assert ask("definitions", "apply", "one.json").code == 0
    runs = [ask("runs", "start", slug).out.strip() for _ in range(count)]

    def all_so() -> bool:
        found = json.loads(ask("runs", "list", slug, "--status", status, "--json").out)
        return len(found) == count

    eventually_blocking(all_so, within_s=WAIT_S)
    return runs


def statuses(ask: Call, slug: str) -> set[str]:
    return {run["status"] for run in json.loads(ask("runs", "list", slug, "--json").out)}


def test_an_action_is_shown_confirmed_and_followed(
    ask: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = started(ask, "naps", delay(), status="waiting")
    pause = ("bulk", "pause", "--definition", "naps", "--reason", "lunch")

    unasked = ask(*pause)
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    declined = ask(*pause)
    assert statuses(ask, "naps") == {"waiting"}
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    agreed = ask(*pause)
    *shown, summary = agreed.out.splitlines()
    bulk_id = summary.split()[0]
    listed = ask("bulk", "list")
    items = ask("bulk", "show", bulk_id)
    resumed = ask("bulk", "resume", "--run", runs[0], "--run", runs[1], "--yes", "--json")

    assert (unasked.code, declined.code, agreed.code) == (1, 130, 0)
    assert unasked.err == "This would pause 2 runs: confirm it with --yes\n"
    assert [line.split("\t")[0] for line in shown] == runs
    assert "Pause 2 runs?" in agreed.err
    assert summary.endswith("pause completed: 2 done, 0 unchanged, 0 refused, 0 failed")
    assert listed.out.split("\t")[:4] == [bulk_id, "pause", "completed", "2"]
    assert items.out == "".join(f"{run_id}\tdone\t\t\n" for run_id in runs)
    assert items.err.startswith(f"{bulk_id} pause completed: 2 done")
    assert json.loads(resumed.out)["done"] == 2
    assert statuses(ask, "naps") == {"waiting"}


def test_each_action_takes_the_options_of_one_run(ask: Call) -> None:
    started(ask, "closed", compute("only", "break-once"), status="failed")
    chosen = ("--definition", "closed", "--yes", "--json")

    rerun = ask("bulk", "rerun", "--from", "failed", "--input-patch", '{"a": 1}', *chosen)
    found = json.loads(rerun.out)
    retried = ask("bulk", "retry", "--step", "only", "--status", "failed", *chosen, "--since", "1h")
    cancelled = ask("bulk", "cancel", "--reason", "r", *chosen, "--detach")

    assert (rerun.code, found["done"], found["args"]) == (
        0,
        2,
        {"from": "failed", "version": "pinned", "inputPatch": {"a": 1}},
    )
    assert json.loads(retried.out)["args"] == {"stepId": "only"}
    assert json.loads(cancelled.out)["count"] == 4


def test_a_bulk_is_stopped_and_one_without_failures_is_not_retried(ask: Call) -> None:
    started(ask, "slow", delay(), status="waiting", count=3)
    pause = ask("bulk", "pause", "--definition", "slow", "--per-second", "1", "--yes", "--detach")
    bulk_id = pause.out.strip()

    stopped = ask("bulk", "stop", bulk_id)
    again = ask("bulk", "retry", bulk_id)
    nothing = ask("bulk", "cancel", "--definition", "slow", "--status", "failed", "--yes")
    unknown = ask("bulk", "cancel", "--definition", "slov", "--yes")
    refused = ask("bulk", "show", "none")

    assert stopped.out.split()[0] == bulk_id
    assert stopped.out.split()[1] in {"stopping", "stopped"}
    assert again.code == 1
    assert (nothing.code, nothing.err) == (0, "No run is chosen.\n")
    assert unknown.code == 1
    assert "There is no definition 'slov'" in unknown.err
    assert "the nearest is 'slow': `baton definitions list` shows all" in unknown.err
    assert (refused.code, "baton bulk list" in refused.err) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("cancel",),
        ("cancel", "--all", "--status", "failed"),
        ("cancel", "--run", "r", "--definition", "d"),
        ("cancel", "--status", "broken"),
        ("cancel", "--all", "--per-second", "0"),
        ("show", "b", "--outcome", "broken"),
        ("retry", "b", "--step", "s"),
        ("retry", "b", "--status", "failed"),
        ("retry", "b", "--all", "--yes"),
    ],
)
def test_wrong_usage_is_exit_code_2(ask: Call, words: tuple[str, ...]) -> None:
    ended = ask("bulk", *words)

    assert (ended.code, ended.out) == (2, "")
