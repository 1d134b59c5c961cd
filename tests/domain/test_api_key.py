"""API keys: created once, never changed, revoked permanently."""

from dataclasses import replace

import pytest
from hypothesis import given as each
from hypothesis import strategies as st

from baton.domain.api_key.decisions import DECIDER, MAX_GROUPS
from baton.domain.api_key.messages import (
    ApiKeyCreated,
    ApiKeyRevoked,
    CreateApiKey,
    RevokeApiKey,
)
from baton.domain.api_key.state import State
from baton.domain.errors import Invalid, Rejected
from tests.domain.specification import given
from tests.kit.actors import ANN, BOB

CREATE = CreateApiKey(
    tenant="acme",
    key_id="k1",
    name="nightly import",
    key_hash="ab" * 32,
    scopes=("orchestrator:read", "orchestrator:write"),
    groups=("ops",),
    expires_at=100,
    actor=ANN,
    at=10,
)
CREATED = ApiKeyCreated(
    tenant="acme",
    key_id="k1",
    name="nightly import",
    key_hash="ab" * 32,
    scopes=("orchestrator:read", "orchestrator:write"),
    groups=("ops",),
    expires_at=100,
    actor=ANN,
    at=10,
)
REVOKED = ApiKeyRevoked(actor=BOB, at=20)
REVOKE = RevokeApiKey(actor=BOB, at=20)


def test_a_key_is_created_by_its_actor_once() -> None:
    given(DECIDER).when(CREATE).then(CREATED).when(CREATE).then_nothing()


def test_another_key_with_the_same_id_is_refused() -> None:
    other = replace(CREATE, key_hash="cd" * 32)

    given(DECIDER, CREATED).when(other).then_refused("conflict", reason="already_exists", id="k1")


def test_a_key_is_revoked_once_and_never_comes_back() -> None:
    revoked = given(DECIDER, CREATED).when(REVOKE).then(REVOKED)

    revoked.when(RevokeApiKey(actor=ANN, at=30)).then_nothing()
    revoked.when(CREATE).then_refused("conflict", reason="already_exists")
    assert (revoked.state.revoked_at, revoked.state.revoked_by) == (20, BOB.subject)


def test_a_key_that_does_not_exist_cannot_be_revoked() -> None:
    given(DECIDER).when(REVOKE).then_refused("not_found", subject="api_key")


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"key_id": ""}, "key_id"),
        ({"name": ""}, "name"),
        ({"name": " import"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "im\x1bport"}, "name"),
        ({"scopes": ()}, "scopes"),
        ({"groups": ("ops", "")}, "groups[1]"),
        ({"groups": ("a\nb",)}, "groups[0]"),
        ({"groups": ("a",) * (MAX_GROUPS + 1)}, "groups"),
        ({"expires_at": 10}, "expires_at"),
    ],
)
def test_each_fault_of_a_key_is_named(changed: dict[str, object], place: str) -> None:
    command = replace(CREATE, **changed)  # type: ignore[arg-type]
    refusal = given(DECIDER).when(command).then_refused("validation_error")

    assert isinstance(refusal, Invalid)
    assert [fault.place for fault in refusal.faults] == [place]


def test_a_key_is_valid_until_it_expires_or_is_revoked() -> None:
    key = given(DECIDER, CREATED).state

    assert [key.is_valid_at(now) for now in (10, 99, 100)] == [True, True, False]
    assert replace(key, expires_at=None).is_valid_at(10**15)
    assert not given(DECIDER, CREATED, REVOKED).state.is_valid_at(11)
    assert not State().is_valid_at(11)


@each(st.lists(st.sampled_from((CREATE, REVOKE)), max_size=6), st.integers(0, 200))
def test_no_history_makes_a_revoked_key_valid(
    commands: list[CreateApiKey | RevokeApiKey], now: int
) -> None:
    state, ended = DECIDER.initial, False
    for command in commands:
        try:
            events, state = DECIDER.apply(command, state)
        except Rejected:
            continue
        ended = ended or REVOKED in events
        assert not (ended and state.is_valid_at(now))
