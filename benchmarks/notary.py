"""The notary: throughput of the engine with it and without it, and the speed of a verification.

Both engines run in turn, and the order of a pair changes with each round. The ratio is the median
of the pairs. Then the log of the last engine with a notary is verified, by one process and by two.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.load import Load
from benchmarks.processes import run_module
from benchmarks.subjects import records

ROUNDS: Final = 7
_LOADS: Final = (
    Load(shape="3-step", in_flight=50, seconds=0.5),
    Load(shape="3-step", in_flight=500, seconds=4.0),
)


def show(base: Path | None) -> None:
    """Measure and print."""
    found: dict[bool, list[float]] = {True: [], False: []}
    with tempfile.TemporaryDirectory(dir=base) as last:
        for number in range(ROUNDS):
            for notary in ((True, False), (False, True))[number % 2]:
                keep = Path(last) if notary and number == ROUNDS - 1 else None
                found[notary].append(_steps_per_s(base, keep, notary=notary))
        _print_throughput(found[True], found[False])
        for act in ("verify", "verify by 2"):
            _print_verification(act, run_module("notary_process", Path(last), act, []))


def _steps_per_s(base: Path | None, keep: Path | None, *, notary: bool) -> float:
    """Return the throughput of an engine; its data stay in `keep`, if it is given."""
    loads = [asdict(load) for load in _LOADS]
    act = "drive" if notary else "drive without"
    if keep is not None:
        results = run_module("notary_process", keep, act, loads)
    else:
        with tempfile.TemporaryDirectory(dir=base) as folder:
            results = run_module("notary_process", Path(folder), act, loads)
    return records(results)[-1].steps_per_s


def _print_throughput(with_it: Sequence[float], without: Sequence[float]) -> None:
    ratios = sorted(one / other for one, other in zip(with_it, without, strict=True))
    sys.stdout.write(
        f"with the notary    {statistics.median(with_it):8,.0f} steps/s\n"
        f"without it         {statistics.median(without):8,.0f} steps/s\n"
        f"ratio of the pairs {statistics.median(ratios):8.3f}"
        f" ({ratios[0]:.3f} to {ratios[-1]:.3f})\n"
    )


def _print_verification(act: str, found: dict[str, float]) -> None:
    sys.stdout.write(
        f"{act:18} {found['events']:8,.0f} events in {found['seconds']:.1f} s,"
        f" {found['events'] / found['seconds']:,.0f} a second\n"
    )
