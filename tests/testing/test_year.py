"""Ten schedules with delays and retries under virtual time fire as an independent oracle says.

`make year` lets 365 days pass; the suite lets eleven pass, around a change of the clocks.
"""

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from baton.domain.run.messages.run_events import RunCompleted, RunRequested
from baton.domain.run.messages.step_events import DelayElapsed, DelayStarted, StepStarted
from baton.testing import engine
from baton.testing.embedded.host import EmbeddedHost
from tests.domain import cron_oracle
from tests.domain.cron_oracle import Expression, Zone

DAYS = int(os.environ.get("BATON_TEST_VIRTUAL_DAYS", "11"))
START = datetime(2026, 3, 20, tzinfo=UTC) if DAYS < 365 else datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(days=DAYS)
LIMIT_S = 60
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Plan:
    """A schedule, how often its function fails, and the minutes of its backoff and delay."""

    slug: str
    cron: str
    zone: str
    failures: int
    backoff: int
    delay: int

    @property
    def document(self) -> dict[str, Any]:
        retry = {"attempts": 3, "backoff": f"{self.backoff}m", "factor": 1}
        return {
            "slug": self.slug,
            "name": self.slug,
            "trigger": {"cron": self.cron, "timezone": self.zone},
            "steps": [
                {
                    "id": "try",
                    "function": "fail",
                    "config": {"times": self.failures},
                    "retry": retry,
                },
                {"id": "rest", "delay": f"{self.delay}m"},
                {"id": "done", "function": "noop"},
            ],
        }

    def expected(self) -> list[list[tuple[type, int]]]:
        """Return the events of each run that have a time of their own, in minutes of UTC."""
        zone = Zone(self.zone, range(2025, 2028))
        expression = Expression(self.cron)
        inside = cron_oracle.days(START.date() - timedelta(days=2), END.date() + timedelta(days=2))
        dates: list[date] = [day for day in inside if expression.matches(day)]
        ticks = cron_oracle.fires(expression, zone, dates)
        first, last = (round(one.timestamp()) // 60 for one in (START, END))
        return [self._course(tick) for tick in ticks if first < tick <= last - self.length]

    @property
    def length(self) -> int:
        """The minutes that a run takes."""
        return self.failures * self.backoff + self.delay

    def _course(self, tick: int) -> list[tuple[type, int]]:
        rest = tick + self.failures * self.backoff
        tries = [(StepStarted, tick + n * self.backoff) for n in range(self.failures + 1)]
        end = rest + self.delay
        after = [(DelayStarted, rest), (DelayElapsed, end), (StepStarted, end), (RunCompleted, end)]
        return [(RunRequested, tick), *tries, *after]


PLANS = (
    Plan("berlin-night", "30 2 * * *", "Europe/Berlin", 1, 4, 45),
    Plan("new-york", "0 9 * * 1-5", "America/New_York", 0, 1, 600),
    Plan("lord-howe", "15 2 * * *", "Australia/Lord_Howe", 2, 5, 1),
    Plan("utc", "0 0 * * *", "UTC", 0, 1, 1439),
    Plan("kolkata", "45 5,17 * * *", "Asia/Kolkata", 1, 3, 90),
    Plan("weekly", "0 12 * * sun", "Europe/London", 2, 5, 180),
    Plan("monthly", "0 6 1 * *", "America/Sao_Paulo", 1, 5, 2_880),
    Plan("chatham", "0 3 * * *", "Pacific/Chatham", 0, 1, 30),
    Plan("last", "59 23 L * *", "Africa/Cairo", 2, 1, 1),
    Plan("morning", "0 8 * * *", "Europe/Berlin", 2, 2, 20),
)
_TIMED = (RunRequested, StepStarted, DelayStarted, DelayElapsed, RunCompleted)


async def test_a_year_of_schedules_passes_in_order_as_the_oracle_says() -> None:
    began = time.perf_counter()
    async with engine(definitions=[plan.document for plan in PLANS], start=START) as baton:
        await baton.clock.to(END)
        runs = await baton.runs()
        courses = defaultdict(list)
        for run in runs:
            if run.status == "completed":
                history = (await baton.host.see(run.id)).history
                events = [one.event for one in history if isinstance(one.event, _TIMED)]
                courses[run.definition].append([(type(one), one.at) for one in events])
        assert isinstance(baton.host, EmbeddedHost)
        log = await baton.host.services.store.read_all(after=0, limit=1_000_000)
    took_s = time.perf_counter() - began

    times = [one.event.at for one in log]
    assert times == sorted(times)
    for plan in PLANS:
        wanted = [[(kind, at * MINUTE_MS) for kind, at in one] for one in plan.expected()]
        assert courses[plan.slug] == wanted, plan.slug
    assert len(runs) > 5 * DAYS
    assert took_s < LIMIT_S
