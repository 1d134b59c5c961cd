"""How DBOS is set up: as it comes, or as it serves best on this machine, which is tried out."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["sequence", "fan-out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """`threads` that run workflows or steps; SQLite's write-ahead log, which DBOS does not set."""

    threads: int
    write_ahead_log: bool

    def __str__(self) -> str:
        journal = "write-ahead log" if self.write_ahead_log else "rollback journal"
        return f"{self.threads} thread{'s' * (self.threads > 1)}, {journal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a setting gave for sequences or fan-outs."""

    kind: Kind
    setting: Setting
    steps_per_s: float
