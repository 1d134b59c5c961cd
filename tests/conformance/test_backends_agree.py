"""Every backend behaves as the memory backend does under random sequences of operations."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from baton.eventlog.events.envelope import Appended, Conflict
from baton.eventlog.ports.views import Change, Column, Filter, Index, Query, Row, Table
from tests.conformance.deployments import OpenedStores, store_openers, write

T = TypeVar("T")

OTHERS = [name for name in store_openers() if name != "memory"]
STREAMS = st.sampled_from(["a", "b", "c", "d'", "é"])
TEXT = st.text(st.sampled_from("ab%_'\"é\U0001f600\ue000 "), max_size=3)
NUMBERS = st.integers(-3, 3) | st.sampled_from([-(2**63), 2**63 - 1])
VALUES = st.tuples(st.none() | TEXT, st.none() | NUMBERS)
TENANTS = st.sampled_from(["acme", "other"])
KEYS = st.tuples(TENANTS, TEXT)
TABLE = Table(
    name="things",
    columns=(Column(name="label", kind="text"), Column(name="number", kind="int")),
    indexes=(
        Index(columns=("label",)),
        Index(columns=("number",), where_set="number", across_tenants=True),
    ),
)
COMPARISONS = st.sampled_from(["=", "<", "<=", ">", ">="])
FILTERS = st.one_of(
    st.builds(Filter, column=st.just("label"), op=COMPARISONS, value=TEXT),
    st.builds(Filter, column=st.just("number"), op=COMPARISONS, value=NUMBERS),
    st.builds(Filter, column=st.sampled_from(["label", "number"]), op=st.just("is_set")),
    st.builds(
        Filter, column=st.sampled_from(["label", "number"]), op=st.just("="), value=st.none()
    ),
    st.builds(Filter, column=st.sampled_from(["label", "key"]), op=st.just("prefix"), value=TEXT),
    st.builds(
        Filter,
        column=st.sampled_from(["label", "key"]),
        op=st.just("in"),
        value=st.lists(TEXT, max_size=3),
    ),
)
STEPS = 40
BETWEEN_RESTARTS = 10
"""The fewest operations between two restarts, which take longer than everything else."""
ORDERS = st.lists(
    st.tuples(st.sampled_from(["label", "number", "key"]), st.sampled_from(["asc", "desc"])),
    max_size=2,
    unique_by=lambda order: order[0],
).map(tuple)


class Agreement(RuleBasedStateMachine):
    """Runs the same operations on the memory backend and on another one."""

    other = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.memory, self.tested = (
            OpenedStores("memory", self.folder),
            OpenedStores(self.other, self.folder),
        )
        for opened in (self.memory, self.tested):
            self.wait(opened.open())
            self.wait(opened.stores.views.prepare([TABLE]))
        self.versions: dict[str, int] = {}
        self.operations = 0

    @invariant()
    def count(self) -> None:
        self.operations += 1

    def wait(self, result: Awaitable[T]) -> T:
        return self.loop.run_until_complete(result)

    def teardown(self) -> None:
        for opened in (self.memory, self.tested):
            self.wait(opened.stores.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.folder)

    @rule(
        writes=st.dictionaries(
            STREAMS, st.tuples(st.integers(-1, 1), st.integers(0, 3)), min_size=1, max_size=3
        )
    )
    def append(self, writes: dict[str, tuple[int, int]]) -> None:
        asked = [
            write(stream, max(0, self.versions.get(stream, 0) + off), *range(count))
            for stream, (off, count) in writes.items()
        ]
        results = [self.wait(one.stores.events.append(asked)) for one in (self.memory, self.tested)]
        match results:
            case [Appended(first), Appended(second)]:
                assert [(e.stream, e.version, e.event) for e in first] == [
                    (e.stream, e.version, e.event) for e in second
                ]
                for event in first:
                    self.versions[event.stream.split("/")[2]] = event.version
            case [Conflict(first), Conflict(second)]:
                assert {first, second} <= {one.stream for one in asked}
            case _:
                raise AssertionError(results)

    @rule(limit=st.integers(1, 5), stream=STREAMS, after=st.integers(0, 4))
    def read(self, limit: int, stream: str, after: int) -> None:
        found = []
        for one in (self.memory, self.tested):
            seen = list(self.wait(one.stores.events.read_all(after=0, limit=limit)))
            more = (
                self.wait(one.stores.events.read_all(after=seen[-1].position, limit=9))
                if seen
                else []
            )
            own = self.wait(one.stores.events.read(f"acme/run/{stream}", after=after))
            found.append([(e.stream, e.version, e.event) for e in (*seen, *more, *own)])
        assert found[0] == found[1]

    @rule(
        upserts=st.dictionaries(KEYS, VALUES, max_size=6),
        deletes=st.sets(KEYS, max_size=2),
        checkpoint=st.integers(0, 100),
    )
    def commit(
        self,
        upserts: dict[tuple[str, str], tuple[str | None, int | None]],
        deletes: set[tuple[str, str]],
        checkpoint: int,
    ) -> None:
        rows = [
            Row(tenant, key, f"{label}{number}".encode(), (label, number))
            for (tenant, key), (label, number) in upserts.items()
            if (tenant, key) not in deletes
        ]
        change = Change(table="things", upserts=rows, deletes=sorted(deletes))
        for one in (self.memory, self.tested):
            self.wait(one.stores.views.commit([change], checkpoint=checkpoint))
            assert self.wait(one.stores.views.checkpoint()) == checkpoint

    @rule(
        tenant=st.none() | TENANTS,
        where=st.lists(FILTERS, max_size=2).map(tuple),
        order=ORDERS,
        limit=st.integers(0, 4),
        offset=st.integers(0, 3),
    )
    def find(
        self,
        tenant: str | None,
        where: tuple[Filter, ...],
        order: tuple[tuple[str, str], ...],
        limit: int,
        offset: int,
    ) -> None:
        query = Query(
            table="things",
            tenant=tenant,
            where=where,
            order=order,  # type: ignore[arg-type]
            limit=limit,
            offset=offset,
            count=True,
        )
        pages = [self.wait(one.stores.views.find(query)) for one in (self.memory, self.tested)]
        assert list(pages[0].rows) == list(pages[1].rows)
        assert pages[0].total == pages[1].total

    @rule(keys=st.lists(KEYS, max_size=4, unique=True), after=st.none() | KEYS)
    def look_up(self, keys: list[tuple[str, str]], after: tuple[str, str] | None) -> None:
        views = [one.stores.views for one in (self.memory, self.tested)]
        many = [self.wait(view.get_many("things", keys)) for view in views]
        scans = [list(self.wait(view.scan("things", after=after, limit=5))) for view in views]
        assert many[0] == many[1]
        assert scans[0] == scans[1]

    @precondition(lambda self: self.tested.durable and self.operations > BETWEEN_RESTARTS)
    @rule()
    def restart(self) -> None:
        self.operations = 0
        stores = self.wait(self.tested.reopen())
        self.wait(stores.views.prepare([TABLE]))


@pytest.mark.parametrize("name", OTHERS)
def test_a_backend_agrees_with_memory(name: str) -> None:
    machine = type(f"AgreementOf{name.title()}", (Agreement,), {"other": name})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=STEPS, deadline=None)
    )
