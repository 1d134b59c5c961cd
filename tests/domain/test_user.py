"""Users: added once, never changed, removed permanently."""

from dataclasses import replace

import pytest

from baton.domain.errors import Invalid
from baton.domain.user.decisions import DECIDER
from baton.domain.user.messages import AddUser, RemoveUser, UserAdded, UserRemoved
from tests.domain.specification import given
from tests.kit.actors import ANN, BOB

ADD = AddUser(
    tenant="acme",
    user_id="u1",
    name="eve@example.com",
    password_hash="$argon2id$…",
    scopes=("orchestrator:read",),
    actor=ANN,
    at=10,
)
ADDED = UserAdded(
    tenant="acme",
    user_id="u1",
    name="eve@example.com",
    password_hash="$argon2id$…",
    scopes=("orchestrator:read",),
    actor=ANN,
    at=10,
)
REMOVE = RemoveUser(actor=BOB, at=20)
REMOVED = UserRemoved(actor=BOB, at=20)


def test_a_user_is_added_by_an_actor_once() -> None:
    added = given(DECIDER).when(ADD).then(ADDED)

    added.when(ADD).then_nothing()
    assert (added.state.created_at, added.state.created_by) == (10, ANN.subject)


def test_another_user_with_the_same_id_is_refused() -> None:
    other = replace(ADD, password_hash="$argon2id$other")

    given(DECIDER, ADDED).when(other).then_refused("conflict", reason="already_exists", id="u1")


def test_a_user_is_removed_once_and_never_comes_back() -> None:
    removed = given(DECIDER, ADDED).when(REMOVE).then(REMOVED)

    removed.when(RemoveUser(actor=ANN, at=30)).then_nothing()
    removed.when(ADD).then_refused("conflict", reason="already_exists")
    assert removed.state.removed


def test_a_user_that_does_not_exist_cannot_be_removed() -> None:
    given(DECIDER).when(REMOVE).then_refused("not_found", subject="user")


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"user_id": ""}, "user_id"),
        ({"name": ""}, "name"),
        ({"name": "eve "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "e\u202eve"}, "name"),
        ({"scopes": ()}, "scopes"),
    ],
)
def test_each_fault_of_a_user_is_named(changed: dict[str, object], place: str) -> None:
    command = replace(ADD, **changed)  # type: ignore[arg-type]
    refusal = given(DECIDER).when(command).then_refused("validation_error")

    assert isinstance(refusal, Invalid)
    assert [fault.place for fault in refusal.faults] == [place]
