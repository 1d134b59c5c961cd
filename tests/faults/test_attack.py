"""A short attack on a server; `make attack` runs a longer one, and checks response times."""

from pathlib import Path

import pytest

from tests.faults import attack

SECONDS = 4.0
BUSY_MS = 5_000.0
"""A p99 that the other tests of a busy machine may cause without the attack."""


@pytest.mark.timeout(120)
async def test_a_server_under_attack_answers_a_well_behaved_tenant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attack, "RECOVERY_S", 10.0)

    figures = await attack.measure(tmp_path, seconds=SECONDS)

    assert figures.attacked_p99 <= max(attack.MAX_SLOWDOWN * figures.calm_p99, BUSY_MS), figures
    faults = attack.faults_of(figures)
    assert [fault for fault in faults if "p99" not in fault] == [], figures
    assert figures.answers["wrong 401"] + figures.answers["wrong 429"] == 1_500
    assert figures.answers["wrong 429"] > 0
