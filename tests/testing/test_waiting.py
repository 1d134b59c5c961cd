"""Waiting for a run reads each of its events about once, however long its loops are."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from baton.command_api.services import Services
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.stores import EventStore
from baton.testing.clock import moment_ms
from baton.testing.embedded.host import EmbeddedHost
from baton.testing.embedded.process import MEMORY
from baton.testing.engines import START
from baton.testing.stubs import Stub

TURNS: Final = 60
LOOP: Final[dict[str, Any]] = {
    "slug": "loop",
    "name": "Loop",
    "steps": [
        {"id": "look", "function": "noop", "next": "which"},
        {
            "id": "which",
            "decide": [
                {
                    "if": [{"path": "steps.look.output.more", "op": "eq", "value": True}],
                    "next": "nap",
                }
            ],
            "else": "$end",
        },
        {"id": "nap", "delay": "1h", "next": "look"},
    ],
}


class CountedReads:
    """Reads events of another store, and counts them."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.events = 0

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        """Return the events of a stream."""
        found = await self.store.read(stream, after=after)
        self.events += len(found)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


class CountedHost(EmbeddedHost):
    """A host whose commands and queries read through `CountedReads`."""

    reads: CountedReads | None = None

    @property
    def services(self) -> Services:
        """The services of the engine."""
        services = super().services
        self.reads = self.reads or CountedReads(services.store)
        return replace(services, store=self.reads)


async def test_waiting_for_a_long_loop_reads_its_events_once() -> None:
    host = CountedHost((), start=moment_ms(START), seed=0, only_stubs=False, url=MEMORY)
    host.stub(Stub(name="noop", answers=[*[{"more": True}] * TURNS, {"more": False}]))
    await host.open()
    try:
        await host.apply(LOOP)
        run_id = await host.start("loop", {}, None)
        assert host.reads is not None
        before = host.reads.events

        assert await host.wait(run_id, host.within_ms) == "ended"

        read = host.reads.events - before
        events = len((await host.see(run_id)).history)
    finally:
        await host.close()
    assert events > 5 * TURNS
    assert read < 2 * events
