"""Frozen records: compared by their fields, and immutable for the type checker."""

from pathlib import Path

import pytest
from mypy import api

from baton.domain.frozen import frozen
from baton.domain.run.messages.run_events import RunCompleted

SNIPPET = """
from baton.domain.run.messages.run_events import RunCompleted

ended = RunCompleted(at=1)
{line}
"""


@frozen
class Named:
    """A record with a default."""

    name: str
    size: int = 1


def test_records_with_equal_fields_are_equal_and_have_one_hash() -> None:
    assert Named(name="a") == Named(name="a", size=1)
    assert len({Named(name="a"), Named(name="a"), Named(name="b")}) == 2
    assert repr(RunCompleted(at=1)) == "RunCompleted(at=1, has_errors=False)"


def test_records_take_keyword_arguments_only() -> None:
    with pytest.raises(TypeError):
        Named("a")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("line", "found"),
    [("print(ended.at)", ""), ("ended.at = 2", 'Property "at" defined in "RunCompleted"')],
)
def test_the_type_checker_refuses_an_assignment(line: str, found: str, tmp_path: Path) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(SNIPPET.format(line=line))

    report, _, status = api.run(["--strict", "--no-error-summary", str(snippet)])

    assert found in report
    assert status == (1 if found else 0), report
