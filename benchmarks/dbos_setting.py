"""How DBOS is set up: as it comes, or as it serves best on this machine, which is tried out."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["sequence", "fan-out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """`threads` that run workflows or steps; SQLite's write-ahead log, which DBOS does not set.

    On PostgreSQL there is nothing to set about the log: None.
    """

    threads: int
    write_ahead_log: bool | None = None

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        journals = {None: "", True: ", write-ahead log", False: ", rollback journal"}
        return f"{threads}{journals[self.write_ahead_log]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a setting gave for sequences or fan-outs."""

    kind: Kind
    setting: Setting
    steps_per_s: float
