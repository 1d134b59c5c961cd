"""ISO 8601 times: written in UTC, read with an offset or in a given zone."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.protocols.iso_time import MissingOffset, format_time, parse_time

NOON = 1_736_938_800_000  # 2025-01-15T11:00:00Z


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    assert format_time(NOON + 7) == "2025-01-15T11:00:00.007Z"


@given(st.integers(min_value=-(10**12), max_value=253_402_300_799_999))
def test_a_written_time_is_read_as_the_same_instant(at: int) -> None:
    assert parse_time(format_time(at)) == at


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-15T11:00:00Z",
        "2025-01-15t11:00z",
        "2025-01-15 12:00:00+01:00",
        "2025-01-15T11:00:00.000000999Z",
    ],
)
def test_every_form_of_rfc_3339_is_read(text: str) -> None:
    assert parse_time(text) == NOON


def test_a_time_without_an_offset_is_read_in_the_given_zone() -> None:
    assert parse_time("2025-01-15T12:00", ZoneInfo("Europe/Berlin")) == NOON
    assert parse_time("2025-01-15T11:00", UTC) == NOON
    with pytest.raises(MissingOffset, match="time zone"):
        parse_time("2025-01-15T11:00")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2025-01-15",
        "2025-13-15T11:00:00Z",
        "2025-02-30T11:00:00Z",
        "2025-01-15T24:01:00Z",
        "20250115T110000Z",
        "2025-01-15T11:00:00.Z",
        "2025-01-15T11:00:00+0100",
        "2025-01-15T11:00:00Z ",
        "٢٠٢٥-01-15T11:00:00Z",
        "0001-01-01T00:00:00+23:59",
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ISO-8601"):
        parse_time(text)
