"""Histories that are large or hostile, appended to a data folder before its server starts."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import count, pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

from baton.backends.sqlite import BACKEND
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Case, Condition, Decision, Graph, Retry
from baton.domain.definition.state import State as Definition
from baton.domain.json import Json
from baton.domain.run.outcome import Error, Failed, Outcome, Succeeded
from baton.eventlog.ports.backend import StoreLocation
from tests.kit.definitions import body, compute, create_definition, dag, sequence
from tests.kit.recorded_runs import append_all, recorded_run

TENANT = "demo"
HOSTILE: Final = (
    "<script>globalThis.hacked = 1</script></style></textarea><img src=x onerror=hacked=2>"
    " {{7*7}} ${hacked=3} \u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd 🤖👩‍🚀 "
    "javascript:hacked=4 \"'`&amp;"
)
"""Text that would run, restyle or reorder a page that takes it for more than text."""
HOSTILE_NAME: Final = "".join(one for one in HOSTILE if one not in "\u202e\u202c\u200d")[:200]
"""A name may not hold characters that have no width."""
LONG_RUN: Final = "d000000000000000long"
WIDE_RUN: Final = "d000000000000000wide"
HOSTILE_RUN: Final = "d0000000000000hostil"
LONG_VISITS: Final = 3_280
WIDE_STEPS: Final = 1_000
WIDTH: Final = 40
_GAP_MS: Final = 7


async def write_histories(folder: Path, now_ms: int) -> None:
    """Append all histories of this module to the empty store of `baton dev` in `folder`.

    Args:
        folder: The folder in which `dev` will be started.
        now_ms: The time of the newest event, in milliseconds since the epoch.
    """
    stores = await BACKEND.open(StoreLocation(secrets_keys=(), folder=folder / ".baton"))
    try:
        for ident, graph, name, run, function, data in _histories():
            events, of = _definition(ident, graph, name, now_ms)
            history = recorded_run(of, run, data, function=function)
            await append_all(stores.events, TENANT, "definition", {ident: events})
            await append_all(stores.events, TENANT, "run", {run: spread(history, now_ms)})
    finally:
        await stores.close()


def spread(events: Sequence[Any], until_ms: int) -> list[object]:
    """Return the events at equal distances of time, the last one at `until_ms`."""
    first = until_ms - _GAP_MS * (len(events) - 1)
    return [_moved(event, first + _GAP_MS * number) for number, event in enumerate(events)]


def _moved(event: Any, at: int) -> object:
    ahead = {
        one.name: at + getattr(event, one.name) - event.at
        for one in fields(event)
        if one.name.endswith("_at") and one.name != "at"
    }
    return replace(event, at=at, **ahead)


def _histories() -> Iterator[tuple[str, Graph, str, str, Any, Json]]:
    """Yield id, graph and name of definitions, and id, functions and input of a run of each."""
    yield "long", _loop(), "Long loop", LONG_RUN, _Loop(), {"visits": LONG_VISITS}
    yield "wide", _wide(), "Wide graph", WIDE_RUN, lambda _step, _data: Succeeded(), None
    hostile = {HOSTILE: HOSTILE, "deep": {HOSTILE: [HOSTILE]}}
    yield "hostile", _hostile(), HOSTILE_NAME, HOSTILE_RUN, _fail_with_hostile_words, hostile


def _definition(ident: str, graph: Graph, name: str, at: int) -> tuple[list[Any], Definition]:
    content = body(graph, name=name, description=HOSTILE if name == HOSTILE_NAME else None)
    command = create_definition(ident, content, tenant=TENANT, at=at - 600_000)
    events, state = DEFINITION.apply(command, DEFINITION.initial)
    return list(events), state


def _loop() -> Graph:
    again = Condition(path="steps.work.output.more", op="eq", value=True)
    return sequence(
        compute("work", next="choose", retry=Retry(max_attempts=2, backoff_ms=5)),
        Decision(id="choose", cases=(Case(conditions=(again,), next="work"),)),
        loop_limit=100_000,
    )


class _Loop:
    """The function of the loop, which fails in every hundredth attempt."""

    def __init__(self) -> None:
        self.attempts = count(1)
        self.visits = 0

    def __call__(self, _step: str, _data: Json) -> Outcome:
        if next(self.attempts) % 100 == 0:
            return Failed(error=Error(code="BUSY", message="the carrier is busy"))
        self.visits += 1
        return Succeeded(output={"more": self.visits < LONG_VISITS, "visit": self.visits})


def _wide() -> Graph:
    """Return a graph in layers; each step needs one or two of the layer before."""
    rng = Random(7)
    layers = [
        [f"s{number}" for number in range(first, first + WIDTH)]
        for first in range(0, WIDE_STEPS, WIDTH)
    ]
    steps = [compute(ident) for ident in layers[0]]
    for before, layer in pairwise(layers):
        steps += [
            compute(ident, needs=tuple(rng.sample(before, rng.randint(1, 2)))) for ident in layer
        ]
    return dag(*steps)


def _hostile() -> Graph:
    step = compute(
        "hostile",
        function=HOSTILE_NAME,
        name=HOSTILE_NAME,
        description=HOSTILE,
        config={HOSTILE: HOSTILE},
    )
    return sequence(step)


def _fail_with_hostile_words(_step: str, _data: Json) -> Outcome:
    return Failed(error=Error(code=HOSTILE, message=HOSTILE, stack=HOSTILE), retryable=False)
