"""Refused requests are counted by subject, within limits, until they are recorded."""

from baton.command_api.auditing import refused_requests
from baton.command_api.auditing.refused_requests import RefusedRequests
from baton.domain.access.messages import AccessRefused, Origin
from baton.domain.actor import Actor


def refused(at: int, address: str = "192.0.2.7", **changed: object) -> AccessRefused:
    members: dict[str, object] = {
        "tenant": "acme",
        "reason": "unauthorized",
        "actor": None,
        "claimed": "",
        "count": 1,
        "route": "/runs",
        "origin": Origin(address, "curl"),
        "since": at,
        "at": at,
        **changed,
    }
    return AccessRefused(**members)  # type: ignore[arg-type]


def test_requests_of_a_subject_are_one_event_whatever_their_addresses() -> None:
    counted, actor = RefusedRequests(), Actor("ada", "token")
    for at, address in enumerate(("192.0.2.7", "192.0.2.8", "192.0.2.9")):
        counted.add(refused(at, address, actor=actor))
    counted.add(refused(5, actor=actor, reason="forbidden"))
    (first, second) = counted.take()

    assert (first.count, first.since, first.at) == (3, 0, 2)
    assert first.origin.address == "192.0.2.9"
    assert (second.reason, second.count) == ("forbidden", 1)
    assert counted.take() == []


def test_requests_of_many_addresses_are_counted_together() -> None:
    counted = RefusedRequests()
    for number in range(refused_requests.MAX_KEPT + 500):
        counted.add(refused(number, f"192.0.{number // 250}.{number % 250}"))
    events = counted.take()

    assert len(events) == refused_requests.MAX_KEPT + 1
    assert events[-1].count == 500
