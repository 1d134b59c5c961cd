"""A member that no document knows is named in a warning, or refused if the request is strict."""

from typing import Any

import pytest

from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.dialects.centrali_requests import named_fields
from tests.scenarios.stack import Stack

STRICT = {"Prefer": "handling=strict"}
STEP = {"id": "only", "type": "compute", "functionId": "func_abc123"}
BASE: dict[str, Any] = {
    "slug": "orders",
    "name": "Orders",
    "trigger": {"type": "on-demand"},
    "steps": [STEP],
}
CASE = {
    "conditions": [{"path": "input.a", "op": "exists", "valeuPath": "input.b"}],
    "nextStepId": "only",
}
UNKNOWN: dict[str, tuple[dict[str, Any], str, str]] = {
    # what: (changes, path, the nearest known word)
    "a typo in a step": ({"steps": [{**STEP, "timeutMs": 5}]}, "steps[0].timeutMs", "timeoutMs"),
    "a typo in a nested object": (
        {"steps": [{**STEP, "retry": {"maxAttempts": 2, "backoff": 5}}]},
        "steps[0].retry.backoff",
        "backoffMs",
    ),
    "another way of writing": (
        {"steps": [{**STEP, "next_step_id": "only"}]},
        "steps[0].next_step_id",
        "nextStepId",
    ),
    "a word that the dialect translates": ({"steps": [{**STEP, "next": "x"}]}, "steps[0].next", ""),
    "a typo at the top": ({"descripton": "x"}, "descripton", "description"),
    "a typo in a trigger": (
        {"trigger": {"type": "on-demand", "timezon": "UTC"}},
        "trigger.timezon",
        "timezone",
    ),
    "a typo in a condition": (
        {"steps": [STEP, {"id": "c", "type": "decision", "cases": [CASE]}]},
        "steps[1].cases[0].conditions[0].valeuPath",
        "valuePath",
    ),
    "a member of another type of step": (
        {"steps": [{**STEP, "delayMs": 5}]},
        "steps[0].delayMs",
        "",
    ),
    "a member of another type of trigger": (
        {"trigger": {"type": "on-demand", "cronExpression": "* * * * *"}},
        "trigger.cronExpression",
        "",
    ),
    "something unheard of": ({"zzzzzzzz": 1}, "zzzzzzzz", ""),
}


@pytest.fixture(params=["centrali-openapi", "centrali-reference"])
def client(request: pytest.FixtureRequest, memory: Stack) -> CentraliClient:
    return centrali_client(memory, str(request.param))


@pytest.mark.parametrize("case", UNKNOWN)
async def test_an_unknown_member_is_named_with_the_nearest_word(
    client: CentraliClient, case: str
) -> None:
    changes, path, nearest = UNKNOWN[case]

    made = await client.post("/orchestrations", {**BASE, **changes})
    changed = await client.put(f"/orchestrations/{made.body['id']}", {**BASE, **changes})

    for answer, status in ((made, 201), (changed, 200)):
        assert answer.status == status
        warning = answer.headers["Warning"]
        assert warning.startswith(f'299 baton "{path} is ')
        assert (f"did you mean '{nearest}'?" in warning) is bool(nearest)
        assert f'"{path.rpartition(".")[2]}"' not in answer.raw.decode()


@pytest.mark.parametrize("case", UNKNOWN)
async def test_a_strict_request_with_an_unknown_member_is_refused(
    client: CentraliClient, case: str
) -> None:
    changes, path, _ = UNKNOWN[case]

    answer = await client.post("/orchestrations", {**BASE, **changes}, headers=STRICT)

    assert answer.status == 400
    assert named_fields(answer.body) == [path]
    assert answer.headers["Preference-Applied"] == "handling=strict"
    assert (await client.get("/orchestrations")).body["meta"]["total"] == 0


async def test_a_strict_request_without_unknown_members_is_accepted(client: CentraliClient) -> None:
    made = await client.post("/orchestrations", BASE, headers=STRICT)
    path = f"/orchestrations/{made.body['id']}"
    sent_back = await client.put(path, made.body, headers={"Prefer": "wait=1, Handling=Strict"})
    lenient = await client.put(path, made.body)

    assert (made.status, sent_back.status) == (201, 200)
    assert sent_back.headers["Preference-Applied"] == "handling=strict"
    assert "Warning" not in {**made.headers, **sent_back.headers, **lenient.headers}


@pytest.mark.parametrize(
    "prefer",
    [
        'handling="strict"',
        "Handling = strict; x=1",
        'foo="a, handling=lenient", handling=strict',
        'wait=1 ,handling="STRICT"',
    ],
)
async def test_strictness_is_preferred_in_every_form_of_the_header(
    client: CentraliClient, prefer: str
) -> None:
    answer = await client.post("/orchestrations", {**BASE, "nam": 1}, headers={"Prefer": prefer})

    assert answer.status == 400
    assert named_fields(answer.body) == ["nam"]


async def test_at_most_ten_members_are_named_and_no_name_can_break_the_header(
    client: CentraliClient,
) -> None:
    odd = {f'x{n}"\\\r\nSet-Cookie: a=b\u2028{"y" * 500}': n for n in range(50)}

    answer = await client.post("/orchestrations", {**BASE, **odd})

    warning = answer.headers["Warning"]
    assert answer.status == 201
    assert warning.count("299 baton") == 11
    assert "there are more" in warning
    assert "Set-Cookie" not in answer.headers
    assert len(warning) < 4_000


async def test_the_start_of_a_run_and_a_decision_test_warn_too(memory: Stack) -> None:
    client = centrali_client(memory, "centrali-openapi")
    made = await client.create(BASE)
    path = f"/orchestrations/{made['id']}"

    started = await client.post(f"{path}/runs", {"inputs": {"a": 1}, "input": {"any": {"x": 1}}})
    refused = await client.post(f"{path}/runs", {"inputs": {}}, headers=STRICT)

    assert started.status == 201
    assert "did you mean 'input'?" in started.headers["Warning"]
    assert "any" not in started.headers["Warning"]
    assert (refused.status, named_fields(refused.body)) == (400, ["inputs"])


async def test_a_replayed_answer_warns_again(client: CentraliClient) -> None:
    headers = {"Idempotency-Key": "k"}
    first = await client.post("/orchestrations", {**BASE, "nam": 1}, headers=headers)
    again = await client.post("/orchestrations", {**BASE, "nam": 1}, headers=headers)

    assert first.headers["Warning"] == again.headers["Warning"]
    assert again.headers["Idempotent-Replayed"] == "true"
