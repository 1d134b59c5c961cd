"""Settings of DBOS: its defaults, and candidates of which the fastest one is used."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["sequence", "fan-out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The number of threads, and SQLite's write-ahead log, which DBOS leaves off by default.

    `write_ahead_log` is None on PostgreSQL, where the choice doesn't exist.
    """

    threads: int
    write_ahead_log: bool | None = None

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        journals = {None: "", True: ", write-ahead log", False: ", rollback journal"}
        return f"{threads}{journals[self.write_ahead_log]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The throughput of one setting for sequences or fan-outs."""

    kind: Kind
    setting: Setting
    steps_per_s: float
