"""Histories of runs as the rules of this release decide them, each of a definition of its own.

`python -m tests.replay.decided` prints them in their stored form. Each release adds that output as
`decided_runs/<version>.ndjson`; the file of a release never changes.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace

from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.run.messages.run_events import RunRequested
from tests.domain.random_runs import seeded_run
from tests.kit.definitions import body, create_definition
from tests.replay.histories import lines

SEEDS = range(120)


def decided() -> Iterator[tuple[str, list[object]]]:
    """Yield the streams of the definitions and their runs."""
    for seed in SEEDS:
        run = seeded_run(seed)
        first, *others = run.history
        assert isinstance(first, RunRequested)
        create = create_definition(f"d{seed}", body(run.graph))
        requested = replace(first, run_id=f"r{seed}", definition_id=f"d{seed}")
        yield f"acme/definition/d{seed}", [*DEFINITION.decide(create, DEFINITION.initial)]
        yield f"acme/run/r{seed}", [requested, *others]


if __name__ == "__main__":
    sys.stdout.buffer.write(b"\n".join(lines(dict(decided()))) + b"\n")
