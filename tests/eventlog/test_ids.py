"""New ids: unguessable, unique in every process, and in order of time."""

import subprocess
import sys

from baton.eventlog.ids import new_id

_FORKED = """
import os
from baton.eventlog.ids import new_id
made = [new_id(1_700_000_000_000) for _ in range(9)]
if pid := os.fork():
    os.waitpid(pid, 0)
print("\\n".join(new_id(1_700_000_000_000) for _ in range(100)), flush=True)
"""


def test_two_ids_of_one_second_share_only_the_time() -> None:
    new_id(1_600_000_000_000)
    same_second = [new_id(1_700_000_000_000) for _ in range(200)]

    assert len({one[:6] for one in same_second}) == 1
    assert all(len({one[at] for one in same_second}) > 8 for at in range(7, 19))


def test_ids_of_a_second_ascend_after_a_second_as_busy() -> None:
    busy = [[new_id(at) for _ in range(1_000)] for at in (1_700_000_000_000, 1_700_000_001_000)]

    assert busy[1] == sorted(busy[1])
    assert len({*busy[0], *busy[1]}) == 2_000


def test_a_forked_process_makes_other_ids() -> None:
    made = subprocess.run(
        [sys.executable, "-c", _FORKED], capture_output=True, text=True, check=True
    ).stdout.split()

    assert len(made) == len(set(made)) == 200
