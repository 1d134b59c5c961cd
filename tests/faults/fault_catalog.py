"""All faults by number and name, and the function that injects and records one."""

import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from baton.eventlog.failpoints import Failpoint
from tests.faults.environment import Environment
from tests.faults.process_faults import crash, freeze, kill, kill_all
from tests.faults.server_faults import (
    cut,
    delay,
    drip,
    freeze_kafka,
    kill_backend,
    kill_kafka,
    lose_answers,
    refuse,
    restart_kafka,
    stall,
    stop_postgres,
    terminate_backends,
    wipe_kafka,
)
from tests.servers.service import Verb

Act = Callable[[Environment, Random], Awaitable[bool]]
"""Injects a fault, ends it, and returns whether it took effect."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault; its name begins with its number."""

    name: str
    act: Act


async def inject(env: Environment, one: Fault, rng: Random) -> None:
    """Inject a fault and record whether it took effect."""
    began = time.time()
    fired = await one.act(env, rng)
    env.record_fault(one.name, began, fired=fired)


_VERBS: Final[tuple[Verb, ...]] = ("api", "executor", "projector", "scheduler")
_CRASHES: Final[tuple[tuple[Verb, Failpoint], ...]] = (
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

KILLS: Final = tuple(Fault(f"F1 kill -9 of {verb}", partial(kill, verb=verb)) for verb in _VERBS)
CRASHES: Final = tuple(
    Fault(f"F1 {verb} crashes {failpoint}", partial(crash, verb=verb, failpoint=failpoint))
    for verb, failpoint in _CRASHES
)
KILL_ALL: Final = Fault("F2 kill -9 of all services", kill_all)
FREEZES: Final = tuple(
    Fault(f"F3 SIGSTOP of {verb}", partial(freeze, verb=verb)) for verb in _VERBS
)
KAFKA: Final = (
    Fault("F4 kill -9 of Kafka", kill_kafka),
    Fault("F4 restart of Kafka", restart_kafka),
    Fault("F4 SIGSTOP of Kafka", freeze_kafka),
)
WIPE: Final = Fault("F5 Kafka wiped, republished", wipe_kafka)
POSTGRES: Final = (
    Fault("F6 immediate stop of PostgreSQL", partial(stop_postgres, how=signal.SIGQUIT)),
    Fault("F6 kill -9 of the postmaster", partial(stop_postgres, how=signal.SIGKILL)),
    Fault("F6 kill -9 of a backend", kill_backend),
    Fault("F6 all backends terminated", terminate_backends),
)
POSTGRES_NETWORK: Final = (
    Fault("F7 answers to commits lost", lose_answers),
    Fault("F7 PostgreSQL disconnected", partial(cut, proxy="postgres")),
    Fault("F7 PostgreSQL refuses", partial(refuse, proxy="postgres")),
    Fault("F7 PostgreSQL half-open", partial(stall, proxy="postgres")),
    Fault("F7 PostgreSQL delayed", partial(delay, proxy="postgres")),
    Fault("F7 PostgreSQL byte by byte", partial(drip, proxy="postgres")),
)
KAFKA_NETWORK: Final = (
    Fault("F7 Kafka disconnected", partial(cut, proxy="kafka")),
    Fault("F7 Kafka refuses", partial(refuse, proxy="kafka")),
    Fault("F7 Kafka half-open", partial(stall, proxy="kafka")),
    Fault("F7 Kafka delayed", partial(delay, proxy="kafka")),
    Fault("F7 Kafka byte by byte", partial(drip, proxy="kafka")),
)

PROCESS_FAULTS: Final[tuple[Fault, ...]] = (*KILLS, *CRASHES, KILL_ALL, *FREEZES)
SERVER_FAULTS: Final[tuple[Fault, ...]] = (
    *KAFKA,
    WIPE,
    *POSTGRES,
    *POSTGRES_NETWORK,
    *KAFKA_NETWORK,
)
