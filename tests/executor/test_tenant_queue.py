"""Waiting in turns by tenant."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from baton.executor.tenant_queue import ExtraPlaces, TenantQueue

TENANTS = "abc"


def drained(queue: TenantQueue[int]) -> list[tuple[str, int]]:
    found = []
    while (taken := queue.take()) is not None:
        found.append(taken)
    return found


def test_a_single_item_waits_for_no_more_than_a_turn_of_each_other_tenant() -> None:
    queue = TenantQueue[int]({})
    for number in range(10_000):
        queue.add("busy", number)
    queue.add("calm", 1)

    assert [queue.take(), queue.take()] == [("busy", 0), ("calm", 1)]
    assert queue.size == 9_999


def test_a_turn_takes_as_many_items_as_the_tenants_weight() -> None:
    queue = TenantQueue[int]({"heavy": 3})
    for number in range(6):
        queue.add("heavy", number)
        queue.add("light", number)

    assert "".join(tenant[0] for tenant, _ in drained(queue)) == "hhhlhhhlllll"


@given(st.lists(st.tuples(st.sampled_from(TENANTS), st.integers(0, 3))))
def test_each_item_is_taken_once_in_the_order_of_its_tenant(actions: list[tuple[str, int]]) -> None:
    queue, added, taken = TenantQueue[int]({"a": 2}), 0, list[tuple[str, int]]()
    for tenant, action in actions:
        if action < 2:
            queue.add(tenant, added)
            added += 1
        elif action == 2 and (found := queue.take()) is not None:
            taken.append(found)
        elif (item := queue.take_of(tenant)) is not None:
            taken.append((tenant, item))
        assert queue.size == added - len(taken)
    taken += drained(queue)

    assert sorted(item for _, item in taken) == list(range(added))
    for tenant in TENANTS:
        of_one = [item for whose, item in taken if whose == tenant]
        assert of_one == sorted(of_one)


def test_removed_items_are_not_taken() -> None:
    queue = TenantQueue[int]({})
    for number in range(6):
        queue.add(TENANTS[number % 3], number)

    queue.remove(lambda number: number % 2 == 0)

    assert queue.size == 3
    assert sorted(item for _, item in drained(queue)) == [1, 3, 5]


def test_a_tenant_gets_a_part_of_the_extra_places_only() -> None:
    places = ExtraPlaces(8, {"heavy": 2})

    taken = Counter(t for t in ("calm", "heavy", "other") for _ in range(8) if places.take(t))

    assert taken == {"calm": 2, "heavy": 4, "other": 2}
    assert places.free == 0
    places.give_back("calm")
    assert not places.take("other")
    assert places.take("calm")
