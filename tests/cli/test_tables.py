"""Tables in terminals of three widths: whole ids, times at a glance, periods and further pages."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.cli.moments import Period
from baton.cli.terminal.tables import GAP, Column, fit
from baton.cli.terminal.times import DAY, HOUR, MINUTE, SECOND, duration, relative
from baton.eventlog.ports.dead_letters import DeadLetter
from baton.eventlog.ports.topics import Message
from tests.cli.conftest import Call
from tests.cli.processes import Dev
from tests.cli.screens import WIDTHS, plain, screens
from tests.cli.test_deadletters import put
from tests.dialects.centrali_documents import compute, delay, orchestration

NOW = 1_800_000_000_000
LONG = "a-slug-of-forty-characters-made-to-be-cut"
REASON = "The message has no id, and this is a reason that takes more than one line of any width"
COLUMNS = (
    Column(name="ID"),
    Column(name="NAME", kind="short", min_width=6, drop_order=1),
    Column(name="WHEN", drop_order=2),
)


@pytest.fixture
def filled(ask: Call) -> dict[str, Any]:
    """Return the definitions of the server by slug, after one run of each."""
    documents = {
        "orders": orchestration("orders", compute(function="reject-order")),
        LONG: orchestration(LONG, delay(), name="A long name for a long slug"),
    }
    for slug, document in documents.items():
        Path("definition.json").write_text(json.dumps(document))
        assert ask("definitions", "apply", "definition.json").code == 0
        ask("runs", "start", slug, "--key", slug)
    listed = json.loads(ask("definitions", "list", "--json").out)
    return {one["slug"]: one for one in listed}


def shown(server: Dev, *words: str, env: Mapping[str, str] | None = None) -> list[str]:
    """Return what a verb shows in a terminal of each width."""
    found = screens(
        [(width, words) for width in WIDTHS],
        folder=server.folder,
        env={"BATON_DATA": str(server.folder / ".baton"), **(env or {})},
    )
    assert [ended.code for ended in found] == [0, 0, 0]
    return [ended.out for ended in found]


def headings(screen: str) -> list[str]:
    return plain(screen).splitlines()[0].split()


def test_runs_are_listed_with_whole_ids_at_every_width(
    server: Dev, ask: Call, filled: dict[str, Any]
) -> None:
    ids = [run["id"] for run in json.loads(ask("runs", "list", "--json").out)]

    narrow, middle, wide = map(plain, shown(server, "runs", "list"))

    for width, screen in zip(WIDTHS, (narrow, middle, wide), strict=True):
        lines = screen.splitlines()
        assert [line.split()[0] for line in lines[1:]] == ids
        assert max(map(len, lines)) <= width
        assert re.search(r"just now|\d+ (s|min) ago", lines[1])
    assert {"RUN", "STATUS", "REQUESTED"} <= {*headings(narrow)}
    assert {"RUN", "DEFINITION", "STATUS", "REQUESTED", "DURATION"} <= {*headings(middle)}
    assert {*headings(middle)} <= {*headings(wide)}
    assert (LONG in wide, LONG in middle) == (True, False)
    assert f"{LONG[:12]}" in middle
    assert "…" in middle


def test_definitions_are_listed_with_whole_slugs_and_ids(
    server: Dev, filled: dict[str, Any]
) -> None:
    narrow, middle, wide = map(plain, shown(server, "definitions", "list"))

    for screen in (narrow, middle, wide):
        assert {LONG, "orders"} <= {line.split()[0] for line in screen.splitlines()}
    for screen in (middle, wide):
        assert all(one["id"] in screen for one in filled.values())
    assert headings(narrow) == ["SLUG", "STATUS"]
    assert headings(wide)[:4] == ["SLUG", "VERSION", "STATUS", "TRIGGER"]


def test_colors_and_headings_are_for_terminals_alone(
    server: Dev, ask: Call, filled: dict[str, Any]
) -> None:
    colored = shown(server, "runs", "list", "orders")[1]
    without = shown(server, "runs", "list", "orders", env={"NO_COLOR": "1"})[1]
    piped = ask("runs", "list", "orders").out

    assert "\x1b[32mcompleted" in colored
    assert "\x1b[3" not in without
    run_id, slug, status, step, requested, completed = piped.rstrip("\n").split("\t")
    assert (run_id in without, slug, status, step) == (True, "orders", "completed", "")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", requested)
    assert completed >= requested


def test_runs_of_a_period_are_listed(ask: Call, filled: dict[str, Any]) -> None:
    (run,) = json.loads(ask("runs", "list", "orders", "--json").out)
    requested = run["requestedAt"]

    def count(*period: str) -> int:
        return len(json.loads(ask("runs", "list", "orders", "--json", *period).out))

    assert count("--since", "1h") == count("--since", requested) == 1
    assert count("--until", "1h") == count("--until", requested) == 0
    assert count("--since", "2000-01-01", "--until", "2999-01-01T09:00+02:00") == 1


@pytest.mark.parametrize("time", ["yesterday", "1y", "2027-13-01", "0h"])
def test_a_time_that_cannot_be_read_is_wrong_usage(call: Call, time: str) -> None:
    ended = call("runs", "list", "--since", time)

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert "baton runs list: Invalid value for '--since'" in ended.err


def test_a_page_that_is_not_the_last_names_the_next(
    server: Dev, ask: Call, filled: dict[str, Any]
) -> None:
    total = len(json.loads(ask("runs", "list", "--json").out))
    ids = [ask("runs", "list", "--limit", "1", "--offset", str(n)).out[:20] for n in range(total)]

    first = plain(shown(server, "runs", "list", "--limit", "1")[1])
    last = plain(shown(server, "runs", "list", "--limit", "1", "--offset", str(total - 1))[1])

    assert len(set(ids)) == total
    assert f"Runs 1 to 1 of {total}: --offset 1 shows the next page." in first
    assert "--offset" not in last
    assert ask("runs", "list", "--limit", "1").err == ""


def test_an_empty_list_is_reported(server: Dev, ask: Call, filled: dict[str, Any]) -> None:
    assert [plain(one) for one in shown(server, "runs", "list", "--until", "1d")] == 3 * [
        "No runs.\n"
    ]
    assert ask("runs", "list", "--until", "1d").out == ""


def letter(ident: str, at: int, source: str = "t/0@1", reason: str = "?") -> DeadLetter:
    return DeadLetter(
        letter_id=ident, source=source, reason=reason, message=Message(value=None), at=at
    )


def test_dead_letters_are_listed_with_whole_ids(call: Call, tmp_path: Path) -> None:
    ids = [f"{number:020}" for number in range(3)]
    place = "baton.records-of-a-long-topic/3@1700"
    letters = [letter(one, at, place, REASON) for at, one in enumerate(ids)]
    put(tmp_path / "data", *letters)
    words = ("deadletters", "list", "--data", "data")
    lines = [(width, words) for width in WIDTHS]

    found = [plain(one.out) for one in screens(lines, folder=tmp_path, env={})]
    period = call(
        *words, "--since", "1970-01-01T00:00:00.001Z", "--until", "1970-01-01T00:00:00.002Z"
    )
    cut = call(*words, "--limit", "2")

    for width, screen in zip(WIDTHS, found, strict=True):
        assert re.findall(r"^\d{20}", screen, re.MULTILINE) == ids
        assert max(map(len, screen.splitlines())) <= width
        column = screen.splitlines()[0].index("REASON")
        assert REASON in " ".join(line[column:].strip() for line in screen.splitlines())
    assert [line.split("\t")[0] for line in period.out.splitlines()] == [ids[1]]
    assert [line.split("\t")[0] for line in cut.out.splitlines()] == ids[1:]


def test_more_dead_letters_than_the_default_are_announced(call: Call, tmp_path: Path) -> None:
    put(tmp_path / "data", *(letter(f"{number:020}", number) for number in range(102)))

    ended = call("deadletters", "list", "--data", "data")

    assert ended.out.count("\n") == 100
    assert ended.err == "100 of 102 dead letters: --limit 102 shows all.\n"


# --- columns ---


@given(st.tuples(*3 * [st.integers(0, 60)]), st.integers(1, 200))
def test_whole_columns_are_never_shortened_and_the_others_fit(
    full: tuple[int, int, int], available: int
) -> None:
    widths = fit(COLUMNS, full, available)

    assert widths[0] == full[0]
    assert widths.get(2, full[2]) == full[2]
    assert all(widths[index] <= full[index] for index in widths)
    if full[0] <= available:
        assert sum(widths.values()) + GAP * (len(widths) - 1) <= available


def test_columns_are_shortened_before_one_is_dropped_and_a_narrow_one_takes_its_place() -> None:
    full = (20, 30, 10)

    assert [fit(COLUMNS, full, available) for available in (64, 50, 40, 39, 33)] == [
        {0: 20, 1: 30, 2: 10},
        {0: 20, 1: 16, 2: 10},
        {0: 20, 1: 6, 2: 10},
        {0: 20, 2: 10},
        {0: 20, 2: 10},
    ]
    assert fit(COLUMNS, full, 31) == {0: 20, 1: 9}
    assert fit(COLUMNS, full, 27) == {0: 20}


def test_an_optional_column_without_any_text_is_left_out() -> None:
    assert fit(COLUMNS, (20, 0, 10), 200) == {0: 20, 2: 10}


# --- times ---


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (0, "just now"),
        (SECOND - 1, "just now"),
        (SECOND, "1 s ago"),
        (MINUTE - 1, "59 s ago"),
        (3 * MINUTE, "3 min ago"),
        (HOUR + MINUTE, "1 h ago"),
        (DAY, "1 d ago"),
        (30 * DAY - 1, "29 d ago"),
        (30 * DAY, "2026-12-16"),
        (-5 * MINUTE, "in 5 min"),
    ],
)
def test_a_time_is_shown_by_its_distance(distance: int, text: str) -> None:
    assert relative(NOW - distance, NOW) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (3_000, "3.0 s"),
        (59_999, "59.9 s"),
        (5 * MINUTE + 3_000, "5 min 3 s"),
        (HOUR, "1 h 0 min"),
        (2 * DAY + 4 * HOUR, "2 d 4 h"),
    ],
)
def test_a_duration_has_at_most_two_units(ms: int, text: str) -> None:
    assert duration(ms) == text


def test_a_period_begins_with_since_and_ends_before_until() -> None:
    period = Period(since=2, until=4)

    assert [at for at in range(6) if period.contains(at)] == [2, 3]
    assert all(Period(since=None, until=None).contains(at) for at in range(3))
