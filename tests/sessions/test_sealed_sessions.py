"""Sessions without HTTP: their expiry, their keys, and forged cookies."""

from dataclasses import dataclass

import pytest

from baton.command_api.sessions.sessions import LIFETIME_MS, CredentialTooLong, Sessions

OLD, NEW = b"o" * 32, b"n" * 32


@dataclass
class Hands:
    """A clock that shows the time to which it is set."""

    at: int

    def now(self) -> int:
        return self.at


def test_a_session_lasts_no_longer_than_its_credential_and_twelve_hours() -> None:
    clock = Hands(1_000)
    sessions = Sessions((NEW,), clock.now)

    for valid_ms, lasts_ms in ((None, LIFETIME_MS), (60_000, 60_000), (10**12, LIFETIME_MS)):
        begun = sessions.begin("token", valid_ms=valid_ms)
        start = clock.now()
        assert begun.expires_at == start + lasts_ms
        clock.at = begun.expires_at - 1
        assert sessions.find(begun.cookie, begun.half) is not None
        clock.at = begun.expires_at
        assert sessions.find(begun.cookie, begun.half) is None


def test_every_server_with_the_key_reads_a_session_and_no_other() -> None:
    clock = Hands(1_000)
    begun = Sessions((OLD,), clock.now).begin("token", valid_ms=None)

    found = [
        Sessions(keys, clock.now).find(begun.cookie, begun.half)
        for keys in ((OLD,), (NEW, OLD), (NEW,), ())
    ]

    assert [one and one.credential for one in found] == ["token", "token", None, None]


def test_a_cookie_with_a_changed_character_opens_no_session() -> None:
    sessions = Sessions((NEW,), Hands(1_000).now)
    begun = sessions.begin("token", valid_ms=None)

    for place, character in enumerate(begun.cookie[:-1]):
        other = "A" if character != "A" else "B"
        changed = begun.cookie[:place] + other + begun.cookie[place + 1 :]
        assert sessions.find(changed, begun.half) is None


@pytest.mark.parametrize("cookie", ["", "=", "é", "a", "\udc80", "AAAA", "." * 100, "A" * 9_000])
def test_text_that_is_not_a_cookie_opens_no_session(cookie: str) -> None:
    sessions = Sessions((NEW,), Hands(1_000).now)

    assert sessions.find(cookie, "half") is None
    sessions.end(cookie)


def test_a_session_that_ended_is_not_found_however_its_cookie_is_written() -> None:
    sessions = Sessions((NEW,), Hands(1_000).now)
    begun, other = (sessions.begin("token", valid_ms=None) for _ in range(2))

    sessions.end(begun.cookie)

    for cookie in (begun.cookie, begun.cookie + "=", begun.cookie + "=="):
        assert sessions.find(cookie, begun.half) is None
    assert sessions.find(other.cookie, other.half) is not None
    assert sessions.find(other.cookie, begun.half) is None


def test_a_credential_that_fits_into_no_cookie_is_refused() -> None:
    sessions = Sessions((NEW,), Hands(1_000).now)

    assert len(sessions.begin("e" * 8_000, valid_ms=None).cookie) < 400
    with pytest.raises(CredentialTooLong):
        sessions.begin("".join(map(chr, range(0x4E00, 0x4E00 + 2_000))), valid_ms=None)
