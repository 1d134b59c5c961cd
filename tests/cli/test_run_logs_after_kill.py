"""`kill -9` of the process that performs an attempt: no reference is lost, later logs are whole."""

import json
import signal
from pathlib import Path

from tests.cli.conftest import Call
from tests.cli.processes import dev
from tests.cli.test_run_logs import FUNCTIONS, run_of
from tests.kit.eventually import eventually_blocking


def test_the_log_of_a_killed_attempt_is_lost_and_the_next_one_is_whole(
    call: Call, tmp_path: Path
) -> None:
    (tmp_path / "talk.py").write_text(FUNCTIONS)
    with dev(tmp_path, "--functions", "talk.py") as killed:
        run_id = run_of(call, "killed", "tell", "gate", wait=False)
        eventually_blocking(Path("reached").exists)
        killed.process.send_signal(signal.SIGKILL)
        killed.process.wait()
    Path("open").touch()
    with dev(tmp_path, "--functions", "talk.py"):
        ended = call("runs", "logs", run_id, "--follow")
        shown = json.loads(call("runs", "show", run_id, "--json").out)

    logged = [line.split(" ", 1)[1] for line in ended.out.splitlines() if not line.startswith(" ")]
    assert logged == [
        "info     tell[1] telling tell",
        "warning  tell[1] two",
        "info     gate[2] at the gate",
        "error    gate[2] through",
    ]
    attempts = {(one["stepId"], one["attempt"]): one for one in shown["steps"]}
    assert [at for at, one in attempts.items() if "logsRef" in one] == [("tell", 1), ("gate", 2)]
    assert attempts["gate", 1]["error"]["code"] == "EXECUTOR_LOST"
