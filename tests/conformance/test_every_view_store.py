"""Every view store: atomic commits of rows and checkpoint, and queries."""

from random import Random

import pytest

from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.views import Change, Column, Filter, Index, Query, Row, Table, ViewStore
from tests.conformance.deployments import OpenedStores

RUNS = Table(
    name="runs",
    columns=(
        Column(name="status", kind="text"),
        Column(name="requested_at", kind="int"),
        Column(name="active", kind="int"),
    ),
    indexes=(
        Index(columns=("requested_at", "status")),
        Index(columns=("status", "requested_at")),
        Index(columns=("active",), where_set="active", across_tenants=True),
    ),
)
ORDERS = Table(
    name="orders",
    columns=(
        Column(name="shop", kind="text"),
        Column(name="weight", kind="int"),
        Column(name="state", kind="text"),
    ),
    counted=("shop", "state"),
)
TIMERS = Table(name="timers", columns=(Column(name="due_at", kind="int"),))


def run(key: str, status: str | None = "running", at: int | None = 1, tenant: str = "acme") -> Row:
    active = 1 if status == "running" else None
    return Row(tenant, key, f"{tenant}/{key}/{status}".encode(), (status, at, active))


async def prepared(stores: Stores, *rows: Row) -> ViewStore:
    await stores.views.prepare([RUNS, TIMERS])
    await stores.views.commit([Change(table="runs", upserts=rows)], checkpoint=1)
    return stores.views


async def keys(views: ViewStore, query: Query) -> list[str]:
    return [row.key for row in (await views.find(query)).rows]


def runs(*where: Filter, tenant: str | None = "acme", **more: object) -> Query:
    return Query(table="runs", tenant=tenant, where=where, **more)  # type: ignore[arg-type]


async def test_rows_and_checkpoint_commit_together(stores: Stores) -> None:
    views = await prepared(stores)
    assert await views.checkpoint() == 1
    timer = Row("acme", "t1", b"{}", (5,))
    await views.commit(
        [Change(table="runs", upserts=[run("r1")]), Change(table="timers", upserts=[timer])],
        checkpoint=7,
    )

    assert await views.checkpoint() == 7
    assert await views.get("runs", "acme", "r1") == b"acme/r1/running"
    assert await views.get("timers", "acme", "t1") == b"{}"


async def test_a_new_store_is_empty_with_checkpoint_0(stores: Stores) -> None:
    await stores.views.prepare([RUNS])

    assert await stores.views.checkpoint() == 0
    assert await stores.views.get("runs", "acme", "r1") is None
    assert (await stores.views.find(runs(count=True))).total == 0


async def test_an_upsert_replaces_the_row_of_the_same_key(stores: Stores) -> None:
    views = await prepared(stores, run("r1", at=1), run("r2", at=2))
    await views.commit([Change(table="runs", upserts=[run("r1", "failed", 9)])], checkpoint=2)
    page = await views.find(runs(Filter(column="status", op="=", value="failed"), count=True))

    assert page.rows == [Row("acme", "r1", b"acme/r1/failed", ("failed", 9, None))]
    assert page.total == 1


async def test_rows_of_all_tenants_are_counted_without_being_read(stores: Stores) -> None:
    views = await prepared(stores, run("r1"), run("r2", "failed"), run("r1", tenant="other"))
    where = (Filter(column="active", op="is_set"), Filter(column="status", op="=", value="running"))
    page = await views.find(runs(*where, tenant=None, limit=0, count=True))

    assert (page.rows, page.total) == ([], 2)


async def test_a_commit_that_fails_changes_nothing(stores: Stores) -> None:
    views = await prepared(stores, run("r1"))
    with pytest.raises(KeyError):
        await views.commit([Change(table="nothing", upserts=[run("r2")])], checkpoint=9)

    assert await views.checkpoint() == 1
    assert await views.get("runs", "acme", "r2") is None


async def test_a_delete_removes_only_the_rows_it_names(stores: Stores) -> None:
    views = await prepared(stores, run("r1"), run("r2"), run("r1", tenant="other"))
    deleted = [("acme", "r1"), ("acme", "never")]
    await views.commit([Change(table="runs", deletes=deleted)], checkpoint=2)

    assert await views.get("runs", "acme", "r1") is None
    assert await views.get("runs", "acme", "r2") is not None
    assert await views.get("runs", "other", "r1") is not None


async def test_one_commit_upserts_and_deletes_thousands_of_rows(stores: Stores) -> None:
    rows = [run(f"r{number:05d}", at=number) for number in range(5_000)]
    views = await prepared(stores, *rows)
    asked = [("acme", f"r{number:05d}") for number in range(0, 7_000, 3)]
    found = await views.get_many("runs", asked)

    assert list(await views.scan("runs", limit=10_000)) == rows
    assert found == {(r.tenant, r.key): r.document for r in rows[::3]}
    deletes = [(row.tenant, row.key) for row in rows[1:]]
    await views.commit([Change(table="runs", deletes=deletes)], checkpoint=2)
    assert list(await views.scan("runs")) == rows[:1]


async def test_several_queries_are_answered_with_one_page(stores: Stores) -> None:
    random = Random(5)
    rows = [
        run(f"r{number}", random.choice(("running", "failed", "paused")), random.randrange(8))
        for number in range(60)
    ]
    views = await prepared(stores, *rows, run("r1", "failed", tenant="other"))
    wanted = [
        Filter(column="status", op="=", value="failed"),
        Filter(column="status", op="in", value=("paused",)),
    ]
    order = (("requested_at", "desc"), ("key", "asc"))
    asked = [runs(one, order=order, limit=9, count=True) for one in wanted]
    page = await views.find_any(asked)

    expected = [row for row in rows if row.values[0] in ("failed", "paused")]
    expected.sort(key=lambda row: (-int(row.values[1] or 0), row.key))
    assert page.rows == expected[:9]
    assert page.total == len(expected)
    assert (await views.find_any([runs(one) for one in wanted])).total == -1


async def test_a_tenant_never_sees_the_rows_of_another(stores: Stores) -> None:
    views = await prepared(stores, run("r1"), run("r1", "failed", tenant="other"))

    assert await views.get("runs", "other", "r1") == b"other/r1/failed"
    assert (await views.find(runs(count=True))).total == 1
    assert len((await views.find(runs(tenant=None))).rows) == 2
    assert await views.get_many("runs", [("third", "r1")]) == {}


FILTERS = [
    (Filter(column="status", op="=", value="failed"), ["b"]),
    (Filter(column="status", op="=", value=None), ["e"]),
    (Filter(column="status", op="is_set"), ["a", "b", "c", "d"]),
    (Filter(column="active", op="is_set"), ["a", "d"]),
    (Filter(column="status", op="in", value=("failed", "completed", "?")), ["b", "c"]),
    (Filter(column="status", op="in", value=()), []),
    (Filter(column="requested_at", op="<", value=3), ["a", "b"]),
    (Filter(column="requested_at", op="<=", value=3), ["a", "b", "c"]),
    (Filter(column="requested_at", op=">", value=3), ["d"]),
    (Filter(column="requested_at", op=">=", value=3), ["c", "d"]),
    (Filter(column="status", op="prefix", value="r"), ["a", "d"]),
    (Filter(column="status", op="prefix", value=""), ["a", "b", "c", "d"]),
    (Filter(column="status", op="prefix", value="%"), []),
    (Filter(column="status", op="prefix", value=("r", "fai", "%")), ["a", "b", "d"]),
    (Filter(column="key", op="prefix", value=("e", "a")), ["a", "e"]),
    (Filter(column="status", op="prefix", value=()), []),
    (Filter(column="status", op="=", value="x' OR '1'='1"), []),
    (Filter(column="key", op=">", value="c"), ["d", "e"]),
    (Filter(column="tenant", op="=", value="other"), []),
]


COUNTED: list[tuple[Filter, ...]] = [
    (),
    (Filter(column="shop", op="=", value="x"),),
    (Filter(column="state", op="in", value=("a", "c", "?")),),
    (Filter(column="shop", op="=", value="y"), Filter(column="state", op="=", value="b")),
    (Filter(column="shop", op="in", value=()),),
    (Filter(column="shop", op="=", value=None),),
    (Filter(column="shop", op="prefix", value="x"),),
    (Filter(column="weight", op="=", value=1), Filter(column="state", op="=", value="a")),
]


@pytest.mark.parametrize(("filtered", "expected"), FILTERS)
async def test_a_filter_returns_the_matching_rows(
    stores: Stores, filtered: Filter, expected: list[str]
) -> None:
    views = await prepared(
        stores,
        run("a", "running", 1),
        run("b", "failed", 2),
        run("c", "completed", 3),
        run("d", "running", 4),
        run("e", None, None),
    )

    assert await keys(views, runs(filtered)) == expected
    assert (await views.find(runs(filtered, limit=1, count=True))).total == len(expected)


@pytest.mark.parametrize("seed", range(3))
async def test_maintained_counts_equal_the_number_of_rows(stores: Stores, seed: int) -> None:
    rng = Random(seed)
    await stores.views.prepare([ORDERS, TIMERS])
    kept: dict[tuple[str, str], Row] = {}
    for checkpoint in range(1, 13):
        keys = [(tenant, f"o{number}") for tenant in ("acme", "other") for number in range(30)]
        touched = rng.sample(keys, rng.randint(1, 30))
        cut = rng.choice((0, len(touched) // 3, len(touched)))
        values = [(rng.choice("xy"), 1, rng.choice("abc")) for _ in touched]
        puts = [
            Row(*key, b"{}", given) for key, given in zip(touched[cut:], values[cut:], strict=True)
        ]
        change = Change(table="orders", upserts=puts, deletes=touched[:cut])
        await stores.views.commit([change], checkpoint=checkpoint)
        kept |= {(row.tenant, row.key): row for row in puts}
        for key in touched[:cut]:
            kept.pop(key, None)

    for filters in COUNTED:
        for tenant in ("acme", "other", "third", None):
            query = Query(table="orders", tenant=tenant, where=filters, limit=100, count=True)
            page = await stores.views.find(query)
            assert page.total == len(page.rows)
    assert kept
    query = Query(table="orders", tenant=None, limit=100)
    assert len((await stores.views.find(query)).rows) == len(kept)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((), "abcdef"),
        ((("key", "desc"),), "fedcba"),
        ((("requested_at", "asc"),), "fabcde"),
        ((("requested_at", "desc"),), "edcbaf"),
        ((("status", "asc"), ("requested_at", "desc")), "fcebda"),
        ((("status", "desc"), ("requested_at", "asc")), "adbecf"),
    ],
)
async def test_rows_come_in_the_order_of_the_query(
    stores: Stores, order: tuple[tuple[str, str], ...], expected: str
) -> None:
    views = await prepared(
        stores,
        run("b", "failed", 2),
        run("a", "running", 1),
        run("c", "Completed", 2),
        run("d", "running", 3),
        run("e", "failed", 4),
        run("f", None, None),
    )

    assert "".join(await keys(views, runs(order=order))) == expected


async def test_consecutive_pages_do_not_overlap(stores: Stores) -> None:
    views = await prepared(stores, *(run(f"r{number:02d}", at=number % 3) for number in range(20)))
    whole = await keys(views, runs(order=(("requested_at", "desc"),)))
    pages = [
        key
        for offset in range(0, 25, 6)
        for key in await keys(
            views, runs(order=(("requested_at", "desc"),), limit=6, offset=offset)
        )
    ]

    assert pages == whole
    assert len(set(pages)) == 20


async def test_text_keeps_every_character(stores: Stores) -> None:
    odd = ["'", '"', "%", "_", "é", "\U0001f600", "a\tb", ";--", "\x7f"]
    views = await prepared(stores, *(run(text, status=text) for text in odd))

    for text in odd:
        found = await views.find(runs(Filter(column="status", op="prefix", value=text)))
        assert [row.key for row in found.rows] == [text]
        assert await views.get("runs", "acme", text) is not None
    assert await keys(views, runs(order=(("status", "asc"),))) == sorted(odd)


async def test_a_column_that_was_not_declared_is_refused(stores: Stores) -> None:
    views = await prepared(stores, run("r1"))

    for name in ("document", "nothing", 'status" OR 1=1 --'):
        with pytest.raises((KeyError, ValueError)):
            await views.find(runs(Filter(column=name, op="=", value="x")))
        with pytest.raises((KeyError, ValueError)):
            await views.find(runs(order=((name, "asc"),)))


async def test_a_scan_continues_after_a_row(stores: Stores) -> None:
    rows = [run(key, tenant=tenant) for tenant in ("a", "b") for key in ("1", "2", "3")]
    views = await prepared(stores, *reversed(rows))
    seen: list[Row] = []
    while page := await views.scan(
        "runs", after=(seen[-1].tenant, seen[-1].key) if seen else None, limit=2
    ):
        seen += page

    assert seen == rows


async def test_views_with_unchanged_declarations_are_kept(durable: OpenedStores) -> None:
    await prepared(durable.stores, run("r1"))
    stores = await durable.reopen()
    await stores.views.prepare([RUNS, TIMERS])

    assert await stores.views.checkpoint() == 1
    assert await stores.views.get("runs", "acme", "r1") is not None


@pytest.mark.parametrize(
    "tables",
    [
        [RUNS, TIMERS, Table(name="more")],
        [Table(name="runs", columns=(*RUNS.columns, Column(name="more", kind="text"))), TIMERS],
    ],
)
async def test_views_with_changed_declarations_start_empty(
    opened: OpenedStores, tables: list[Table]
) -> None:
    await prepared(opened.stores, run("r1"))
    stores = await opened.reopen() if opened.durable else opened.stores
    await stores.views.prepare(tables)

    assert await stores.views.checkpoint() == 0
    assert list(await stores.views.scan("runs")) == []
