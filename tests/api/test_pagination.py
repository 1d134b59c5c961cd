"""Query parameters are read strictly: a value out of range is refused, not clamped."""

import pytest

from tests.kit.stack import RunningServer

LIST = "/tiny/acme/v1/definitions"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.0", "page"),
        ("page=1_0", "page"),
        ("page=%2B1", "page"),
        ("page=01", "page"),
        ("page=", "page"),
        ("page=%201", "page"),
        ("page=one", "page"),
        ("page=٣", "page"),
        ("page=1&page=2", "page"),
        ("page=99999999999999999999", "page"),
        ("page=2147483647&pageSize=100", "page"),
        ("pageSize=0", "pageSize"),
        ("pageSize=101", "pageSize"),
        ("pageSize=1e1", "pageSize"),
        ("pageSize=%00", "pageSize"),
        ("order=ASC", "order"),
        ("order=", "order"),
        ("order=desc;drop", "order"),
    ],
)
async def test_a_value_out_of_range_is_400_and_named(server: RunningServer, query: str, field: str):
    answer = await server.get(f"{LIST}?{query}")

    assert answer.status == 400
    assert list(answer.body["fields"]) == [field]


async def test_pages_neither_repeat_nor_skip(server: RunningServer):
    for number in range(5):
        await server.post(LIST, {"slug": f"s{number}"})

    seen = []
    for page in (1, 2, 3):
        answer = await server.get(f"{LIST}?page={page}&pageSize=2&order=asc")
        assert answer.body["total"] == 5
        seen += [item["slug"] for item in answer.body["items"]]

    assert sorted(seen) == [f"s{number}" for number in range(5)]


async def test_a_page_after_the_last_is_empty(server: RunningServer):
    answer = await server.get(f"{LIST}?page=1000&pageSize=100")

    assert (answer.status, answer.body) == (200, {"items": [], "total": 0})
