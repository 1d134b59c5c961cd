"""Claims: a name belongs to one definition at a time."""

from baton.domain.claim.decisions import DECIDER
from baton.domain.claim.messages import (
    ClaimName,
    NameClaimed,
    NameReleased,
    ReleaseName,
    path_claim,
    slug_claim,
)
from tests.domain.specification import given

SLUG = slug_claim("orders")
CLAIMED = NameClaimed(name=SLUG, holder="d1", at=1)
RELEASED = NameReleased(name=SLUG, holder="d1", at=2)


def claim(holder: str, name: str = SLUG) -> ClaimName:
    return ClaimName(name=name, holder=holder, at=1)


def release(holder: str) -> ReleaseName:
    return ReleaseName(name=SLUG, holder=holder, at=2)


def test_a_free_name_is_claimed_once() -> None:
    given(DECIDER).when(claim("d1")).then(CLAIMED).when(claim("d1")).then_nothing()


def test_a_claimed_name_is_refused_to_others() -> None:
    refusal = given(DECIDER, CLAIMED).when(claim("d2")).then_refused("conflict")

    assert refusal.details == {"reason": "name_taken", "kind": "slug", "name": "orders"}


def test_a_webhook_path_may_contain_a_colon() -> None:
    path = path_claim("shop:1/stripe")
    taken = given(DECIDER).after(claim("d1", path)).when(claim("d2", path))

    taken.then_refused("conflict", reason="name_taken", kind="path", name="shop:1/stripe")


def test_a_released_name_is_free_for_others() -> None:
    free = given(DECIDER, CLAIMED).when(release("d1")).then(RELEASED)

    free.when(release("d1")).then_nothing()
    free.when(claim("d2")).then(NameClaimed(name=SLUG, holder="d2", at=1))


def test_only_the_holder_releases_a_name() -> None:
    given(DECIDER, CLAIMED).when(release("d2")).then_nothing()
    given(DECIDER).when(release("d1")).then_nothing()
