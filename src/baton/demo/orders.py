"""The sample orders of the demo: the same in every run, some of them faulty."""

from collections.abc import Iterator
from random import Random
from typing import Any

CUSTOMERS = (
    "Ada Lovelace",
    "Grace Hopper",
    "Alan Turing",
    "Edsger Dijkstra",
    "Barbara Liskov",
    "Donald Knuth",
    "Margaret Hamilton",
    "Ken Thompson",
)
CATALOGUE = {
    "tea-earl-grey": 690,
    "mug-enamel": 1_450,
    "notebook-a5": 820,
    "pencil-2b": 140,
    "lamp-desk": 5_900,
    "kettle": 4_250,
}
"""Prices in cents."""
EVERY_FOURTH = 4

Order = dict[str, Any]


def orders(count: int) -> Iterator[Order]:
    """Yield orders; every fourth one is faulty."""
    rng = Random(1001)  # noqa: S311 - the same orders each time
    faults = (_no_items, _unknown_article, _wrong_total, _no_email)
    for number in range(count):
        order = _order(rng, CUSTOMERS[number % len(CUSTOMERS)])
        if number % EVERY_FOURTH == EVERY_FOURTH - 1:
            faults[number // EVERY_FOURTH % len(faults)](order)
        yield order


def _order(rng: Random, customer: str) -> Order:
    items = [
        {"sku": sku, "quantity": rng.randint(1, 4)}
        for sku in rng.sample(sorted(CATALOGUE), rng.randint(1, 3))
    ]
    return {
        "customer": customer,
        "email": f"{customer.split(maxsplit=1)[0].lower()}@example.com",
        "items": items,
        "totalCents": sum(CATALOGUE[str(i["sku"])] * int(str(i["quantity"])) for i in items),
    }


def _no_items(order: Order) -> None:
    order["items"] = []


def _unknown_article(order: Order) -> None:
    order["items"].append({"sku": "perpetuum-mobile", "quantity": 1})


def _wrong_total(order: Order) -> None:
    order["totalCents"] -= 500


def _no_email(order: Order) -> None:
    del order["email"]
