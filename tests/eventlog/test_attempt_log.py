"""The log of an attempt: bounded, whole lines, canonical JSON."""

import logging
from threading import Thread

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.domain.run.outcome import Token
from baton.eventlog.function_logs.attempt_log import MAX_BYTES, AttemptLog
from baton.eventlog.function_logs.lines import MAX_MESSAGE, level_word, log_line
from baton.eventlog.function_logs.live_logs import LiveLogs
from baton.protocols.canonical_json import canonical


def a_log(**options: int) -> AttemptLog:
    return AttemptLog("acme", "r", Token("a", 1, 1), **options)


def messages_of(log: AttemptLog) -> list[str | int]:
    """Return the messages of a log, and a number where lines were left out."""
    return [one.get("message", one.get("omitted")) for one in orjson.loads(log.to_json())]


def test_a_line_has_time_level_and_message() -> None:
    log = a_log()
    log.add(log_line(1_767_225_600_123, "warning", "low"))

    assert orjson.loads(log.to_json()) == [
        {"at": "2026-01-01T00:00:00.123Z", "level": "warning", "message": "low"}
    ]


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=()), max_size=40), max_size=60))
def test_a_log_is_canonical_bounded_and_keeps_whole_lines_of_both_ends(texts: list[str]) -> None:
    log = a_log(max_bytes=2_000)
    kept = [log_line(1, "info", text) for text in texts]
    for line in kept:
        log.add(line)
    raw, shown = log.to_json(), messages_of(log)
    omitted = [one for one in shown if isinstance(one, int)]
    first = next((at for at, one in enumerate(shown) if isinstance(one, int)), len(shown))

    assert len(raw) <= 2_000
    assert canonical(orjson.loads(raw)) == raw
    assert len(omitted) <= 1
    assert len(shown) - len(omitted) + sum(omitted) == len(kept)
    assert shown[:first] == [line.message for line in kept[:first]]
    behind = shown[first + 1 :]
    assert behind == [line.message for line in kept[len(kept) - len(behind) :]]


def test_of_a_flood_the_first_and_the_last_lines_are_kept() -> None:
    log = a_log()
    for number in range(20_000):
        log.add(log_line(1, "info", f"line {number}"))
    shown = messages_of(log)
    (omitted,) = [one for one in shown if isinstance(one, int)]

    assert MAX_BYTES * 0.99 < len(log.to_json()) <= MAX_BYTES
    assert shown[0] == "line 0"
    assert shown[-1] == "line 19999"
    assert len(shown) - 1 + omitted == 20_000


def test_lines_left_out_elsewhere_are_counted() -> None:
    log = a_log()
    log.add(log_line(1, "info", "first"))
    log.omit(7)
    log.add(log_line(1, "info", "last"))

    assert messages_of(log) == ["first", 7, "last"]


@given(st.lists(st.integers(0, 30), max_size=8))
def test_a_follower_sees_each_line_once_or_that_it_was_left_out(bursts: list[int]) -> None:
    log = a_log(max_bytes=1_000)
    seen, written, number = list[bytes](), 0, 0
    for burst in bursts:
        for _ in range(burst):
            log.add(log_line(1, "info", f"line {written}"))
            written += 1
        lines, number = log.since(number)
        seen += lines
    shown = [orjson.loads(one) for one in seen]

    assert number == written
    assert sum(one.get("omitted", 1) for one in shown) == written
    texts = [one["message"] for one in shown if "message" in one]
    assert texts == sorted(set(texts), key=lambda text: int(text.split()[1]))


def test_a_closed_log_takes_no_more_lines() -> None:
    log = a_log()
    log.add(log_line(1, "info", "in time"))

    assert log.close()
    assert not log.close()
    log.add(log_line(1, "info", "late"))
    assert messages_of(log) == ["in time"]


def test_threads_write_whole_lines() -> None:
    log = a_log()

    def write(name: str) -> None:
        for number in range(200):
            log.add(log_line(1, "info", f"{name} {number}"))

    threads = [Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    shown = messages_of(log)
    for name in "abcd":
        assert [one for one in shown if str(one).startswith(name)] == [
            f"{name} {number}" for number in range(200)
        ]


def test_a_very_long_message_keeps_both_ends() -> None:
    message = log_line(1, "info", f"begin{'x' * 100_000}end").message

    assert message.startswith("beginx")
    assert message.endswith("xend")
    assert len(message) < MAX_MESSAGE + 10


@pytest.mark.parametrize(
    ("level", "word"),
    [
        (logging.CRITICAL, "critical"),
        (logging.ERROR, "error"),
        (logging.WARNING + 5, "warning"),
        (logging.INFO, "info"),
        (logging.DEBUG, "debug"),
        (1, "debug"),
    ],
)
def test_levels_have_words(level: int, word: str) -> None:
    assert level_word(level) == word


def test_live_logs_are_found_while_their_attempt_holds_them() -> None:
    live, log = LiveLogs(), a_log()
    live.add(log)

    assert list(live.of_run("acme", "r")) == [log]
    assert list(live.of_run("other", "r")) == []
    assert list(live.of_run("acme", "s")) == []
    del log
    assert list(live.of_run("acme", "r")) == []
