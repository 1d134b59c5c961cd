"""A definition in Baton's own API is found by its slug or its id."""

from tests.dialects.centrali_client import centrali_client
from tests.dialects.centrali_documents import compute, orchestration
from tests.scenarios.stack import Stack


async def test_a_definition_is_found_by_its_slug_and_by_its_id(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    made = await reference.create(
        orchestration("orders", compute(function="answer"), name="Orders", description="All")
    )

    by_slug = await memory.get("/definitions/orders")
    by_id = await memory.get(f"/definitions/{made['id']}")

    assert (by_slug.status, by_slug.body) == (by_id.status, by_id.body)
    assert by_slug.body == {
        "id": made["id"],
        "slug": "orders",
        "name": "Orders",
        "description": "All",
        "status": "active",
        "version": 1,
        "createdAt": made["createdAt"],
        "createdBy": "ada",
        "updatedAt": made["updatedAt"],
        "updatedBy": "ada",
    }


async def test_a_slug_takes_precedence_over_an_id(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    first = await reference.create(orchestration("orders", compute(function="answer")))
    named = await reference.create(orchestration(first["id"], compute(function="answer")))

    found = await memory.get(f"/definitions/{first['id']}")

    assert found.body["id"] == named["id"]


async def test_a_deleted_definition_is_not_found(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    made = await reference.create(orchestration("orders", compute(function="answer")))
    await reference.delete(f"/orchestrations/{made['id']}")

    for wanted in ("orders", made["id"], "none", "a%2Fb"):
        answer = await memory.get(f"/definitions/{wanted}")
        assert (answer.status, answer.body["message"]) == (404, "Definition not found")
