"""The progress of long jobs."""

import pytest

from baton.cli.terminal.progress import describe, progress_bar


@pytest.mark.parametrize(
    ("done", "total", "elapsed_s", "words"),
    [
        (0, 8_000, 0.0, "0 of 8,000 events, 0/s"),
        (2_000, 8_000, 4.0, "2,000 of 8,000 events, 500/s, 12.0 s left"),
        (8_000, 8_000, 4.0, "8,000 of 8,000 events, 2,000/s"),
        (2_000, None, 4.0, "2,000 events, 500/s"),
    ],
)
def test_the_progress_names_the_rate_and_the_time_left(
    done: int, total: int | None, elapsed_s: float, words: str
) -> None:
    assert describe(done, total, "events", elapsed_s) == words


def test_without_a_terminal_progress_is_logged_periodically(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baton.cli.terminal.progress.EVERY_S", 0.0)

    with progress_bar("Replaying", "events") as show:
        show(10, 10)

    assert capsys.readouterr().err.startswith("Replaying: 10 of 10 events, ")
