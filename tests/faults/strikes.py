"""The faults by their numbers and names, and how one is done and written down."""

import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from baton.eventlog.failpoints import Place
from tests.faults.arena import Arena
from tests.faults.process_faults import crash, freeze, kill, kill_all
from tests.faults.server_faults import (
    cut,
    dawdle,
    drip,
    freeze_kafka,
    kill_backend,
    kill_kafka,
    lose_answers,
    refuse,
    restart_kafka,
    silence,
    stop_postgres,
    terminate_backends,
    wipe_kafka,
)
from tests.servers.service import Verb

Act = Callable[[Arena, Random], Awaitable[bool]]
"""Does it, undoes it, and says whether it was seen to happen."""


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault; `name` begins with its number."""

    name: str
    act: Act


async def strike(arena: Arena, one: Strike, rng: Random) -> None:
    """Do it and write down whether it fired."""
    began = time.time()
    fired = await one.act(arena, rng)
    arena.note(one.name, began, fired=fired)


_VERBS: Final[tuple[Verb, ...]] = ("api", "executor", "projector", "scheduler")
_CRASHES: Final[tuple[tuple[Verb, Place], ...]] = (
    ("api", "after-append"),
    ("api", "before-commit"),
    ("api", "after-commit"),
    ("executor", "before-commit"),
    ("executor", "after-commit"),
    ("executor", "before-handle"),
    ("projector", "before-handle"),
    ("projector", "after-handle"),
    ("scheduler", "after-append"),
    ("scheduler", "after-publish"),
)

KILLS: Final = tuple(Strike(f"F1 kill -9 of {verb}", partial(kill, verb=verb)) for verb in _VERBS)
CRASHES: Final = tuple(
    Strike(f"F1 {verb} ends {place}", partial(crash, verb=verb, place=place))
    for verb, place in _CRASHES
)
KILL_ALL: Final = Strike("F2 kill -9 of everything", kill_all)
FREEZES: Final = tuple(
    Strike(f"F3 SIGSTOP of {verb}", partial(freeze, verb=verb)) for verb in _VERBS
)
KAFKA: Final = (
    Strike("F4 kill -9 of Kafka", kill_kafka),
    Strike("F4 restart of Kafka", restart_kafka),
    Strike("F4 SIGSTOP of Kafka", freeze_kafka),
)
WIPE: Final = Strike("F5 Kafka wiped, republished", wipe_kafka)
POSTGRES: Final = (
    Strike("F6 PostgreSQL stopped at once", partial(stop_postgres, how=signal.SIGQUIT)),
    Strike("F6 kill -9 of the postmaster", partial(stop_postgres, how=signal.SIGKILL)),
    Strike("F6 kill -9 of a backend", kill_backend),
    Strike("F6 all backends terminated", terminate_backends),
)
POSTGRES_NETWORK: Final = (
    Strike("F7 answers to commits lost", lose_answers),
    Strike("F7 PostgreSQL cut", partial(cut, proxy="postgres")),
    Strike("F7 PostgreSQL refuses", partial(refuse, proxy="postgres")),
    Strike("F7 PostgreSQL half-open", partial(silence, proxy="postgres")),
    Strike("F7 PostgreSQL late", partial(dawdle, proxy="postgres")),
    Strike("F7 PostgreSQL drips", partial(drip, proxy="postgres")),
)
KAFKA_NETWORK: Final = (
    Strike("F7 Kafka cut", partial(cut, proxy="kafka")),
    Strike("F7 Kafka refuses", partial(refuse, proxy="kafka")),
    Strike("F7 Kafka half-open", partial(silence, proxy="kafka")),
    Strike("F7 Kafka late", partial(dawdle, proxy="kafka")),
    Strike("F7 Kafka drips", partial(drip, proxy="kafka")),
)

OF_PROCESSES: Final[tuple[Strike, ...]] = (*KILLS, *CRASHES, KILL_ALL, *FREEZES)
OF_SERVERS: Final[tuple[Strike, ...]] = (
    *KAFKA,
    WIPE,
    *POSTGRES,
    *POSTGRES_NETWORK,
    *KAFKA_NETWORK,
)
