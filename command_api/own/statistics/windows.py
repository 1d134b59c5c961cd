"""The time that statistics cover: a window that ends now, in buckets of equal length."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from multidict import MultiMapping

from baton.command_api.http.query_parameters import single
from baton.command_api.http.refusal import refused_field
from baton.domain.durations import (
    EXAMPLES,
    parse_duration,
    render_duration,
)

MAX_WINDOW_MS: Final = 366 * 86_400_000
MAX_BUCKETS: Final = 120
_MIN_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Window:
    """A window of `length_ms` that ends at `end` (ms), in buckets of `bucket_ms`."""

    end: int
    length_ms: int
    bucket_ms: int

    @property
    def start(self) -> int:
        """The beginning of the window, in ms since the epoch."""
        return self.end - self.length_ms

    def buckets(self) -> Iterator[tuple[int, int]]:
        """Yield beginning and end of each bucket, the earliest first; only the first is shorter."""
        number = -(-self.length_ms // self.bucket_ms)
        for left in range(number, 0, -1):
            end = self.end - (left - 1) * self.bucket_ms
            yield max(self.start, end - self.bucket_ms), end


def read_window(query: MultiMapping[str], now: int, *, default_ms: int) -> Window:
    """Return the window that `window` and `bucket` ask for; raises Refused 400.

    Without a bucket there are 60 of them, or fewer in a short window.
    """
    length_ms = _length(query, "window", default_ms)
    usual = max(_MIN_MS, length_ms // 60)
    bucket_ms = _length(query, "bucket", usual)
    if length_ms > bucket_ms * MAX_BUCKETS:
        message = f"bucket must be at least a {MAX_BUCKETS}th of the window"
        raise refused_field(message, "bucket")
    return Window(now, length_ms, bucket_ms)


def _length(query: MultiMapping[str], name: str, default_ms: int) -> int:
    text = single(query, name)
    length_ms = default_ms if text is None else parse_duration(text)
    if length_ms is None or not _MIN_MS <= length_ms <= MAX_WINDOW_MS:
        longest = render_duration(MAX_WINDOW_MS)
        message = f"{name} must be a duration from 1s to {longest}, such as {EXAMPLES}"
        raise refused_field(message, name)
    return length_ms
