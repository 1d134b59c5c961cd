"""`baton dev` as a process: its output, its session files, restarts and signals."""

import json
import signal
import socket
import stat
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import pytest

from tests.cli.conftest import FUNCTIONS, Call
from tests.cli.processes import Dev, baton, dev, environment
from tests.dialects.centrali_documents import compute, orchestration

DEFINITION = orchestration("hello", compute(function="echo"))


def test_the_curl_line_works_as_it_is_printed(server: Dev, tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", server.curl], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout)["offset"] == 0


def test_only_the_owner_can_read_the_token_file(server: Dev) -> None:
    left = server.folder / ".baton" / "token"

    assert left.read_text() == f"{server.token}\n"
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    assert stat.S_IMODE((server.folder / ".baton" / "jwt.secret").stat().st_mode) == 0o600


def test_a_token_signed_with_the_secret_of_the_folder_is_accepted(server: Dev, call: Call) -> None:
    token = call("token", "--tenant", "acme", "--data", server.folder / ".baton").out.strip()

    ended = call("definitions", "list", "--url", server.url, "--token", token, "--json")

    assert (ended.code, ended.out) == (0, "[]\n")


def test_a_second_dev_on_the_same_data_fails_with_one_line(server: Dev) -> None:
    ended = baton("dev", "--port", "0", folder=server.folder)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f".baton is in use by another Baton process (pid {server.process.pid}):"
        " stop that process first, or name another folder with --data\n"
    )
    assert (server.folder / ".baton" / "url").read_text() == f"{server.url}\n"


def test_virtual_time_is_moved_by_requests(tmp_path: Path) -> None:
    def clock(server: Dev, body: str | None = None) -> dict[str, str]:
        request = Request(f"{server.url}/clock", None if body is None else body.encode())
        request.add_header("Authorization", f"Bearer {server.token}")
        request.add_header("Content-Type", "application/json")
        with urlopen(request) as answer:
            return dict(json.load(answer))

    with dev(tmp_path, "--virtual-time") as server:
        shown = clock(server)
        moved = clock(server, '{"advance": "400d"}')
    assert f"Clock  {shown['now']}, moved by POST /clock" in server.announced
    assert shown["now"][:4] < moved["now"][:4]


def test_virtual_time_needs_its_own_store(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = {"BATON_STORE": "postgres://127.0.0.1/x", "BATON_LOG": "kafka://127.0.0.1"}
    for name, address in shared.items():
        with monkeypatch.context() as patch:
            patch.setenv(name, address)
            ended = call("dev", "--virtual-time")

        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("--virtual-time needs a store that only this process uses")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = baton("dev", "--port", port, folder=tmp_path)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[-1] == (
        f"127.0.0.1:{port} can't be used (Address already in use): choose another --port"
    )


def test_a_host_of_another_machine_is_named(tmp_path: Path) -> None:
    ended = baton("dev", "--host", "192.0.2.1", "--port", "0", folder=tmp_path)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[-1].startswith("192.0.2.1:0 can't be used (")
    assert ended.err.endswith(": choose another --host\n")


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    ended = baton("dev", "--port", "0", "--data", "file/data", folder=tmp_path)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "file/data: Not a directory\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_dev_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with dev(tmp_path) as running:
        ended = running.stop(number)

    assert (ended.code, ended.out) == (0, "Stopping …\n")
    assert "Traceback" not in ended.err
    assert (tmp_path / ".baton" / "token").exists()
    assert not (tmp_path / ".baton" / "url").exists()


def test_a_kill_loses_no_run(tmp_path: Path, call: Call) -> None:
    (tmp_path / "hello.json").write_text(json.dumps(DEFINITION))
    with dev(tmp_path) as killed:
        assert call("definitions", "apply", "hello.json").code == 0
        run = call("runs", "start", "hello", "--wait", "--json")
        killed.process.kill()
        killed.process.wait(timeout=30)

    with dev(tmp_path) as again:
        listed = call("runs", "list", "--json", "--token", killed.token, "--url", again.url)

    assert [one["id"] for one in json.loads(listed.out)] == [json.loads(run.out)["id"]]


class Doubles(BaseHTTPRequestHandler):
    """A function behind a URL."""

    def do_POST(self) -> None:
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(2 * payload["input"]["amount"]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Log nothing into the output of the tests."""


def test_a_function_behind_a_url_of_this_machine_is_called(tmp_path: Path, call: Call) -> None:
    (tmp_path / "double.json").write_text(json.dumps(calling("double")))
    with ThreadingHTTPServer(("127.0.0.1", 0), Doubles) as functions:
        Thread(target=functions.serve_forever, args=(0.01,)).start()
        (tmp_path / "baton.toml").write_text(
            f'[functions.double]\nurl = "http://localhost:{functions.server_port}/double"\n'
        )
        with dev(tmp_path):
            call("definitions", "apply", "double.json")
            run = call("runs", "start", "double", "--input", '{"amount": 4}', "--wait", "--json")
        functions.shutdown()

    (step,) = json.loads(run.out)["steps"]
    assert (run.code, step["output"]) == (0, 8)


def test_functions_takes_several_files_and_modules(tmp_path: Path, call: Call) -> None:
    (tmp_path / "one.py").write_text(FUNCTIONS)
    (tmp_path / "two.py").write_text("from baton import function\n\n@function\ndef two(): ...\n")
    (tmp_path / "unknown.json").write_text(json.dumps(calling("unknown")))

    with dev(tmp_path, "--functions", "one.py", "two"):
        call("definitions", "apply", "unknown.json")
        failed = json.loads(call("runs", "start", "unknown", "--wait", "--json").out)

    known = failed["failure"]["message"].partition("known are: ")[2].split(", ")
    assert {"two", "validate-order", "fulfill-order"} <= set(known)


def calling(function: str) -> dict[str, object]:
    return orchestration(function, compute(function=function))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("no.such.module", "no.such.module can't be loaded: ModuleNotFoundError: "),
        ("broken.py", "broken.py can't be loaded: SyntaxError: "),
        ("empty.py", "empty.py declares no function: mark one with @function\n"),
    ],
)
def test_functions_that_cannot_be_loaded_fail_with_one_line(
    tmp_path: Path, source: str, message: str
) -> None:
    (tmp_path / "broken.py").write_text("def:\n")
    (tmp_path / "empty.py").write_text("x = 1\n")

    ended = baton("dev", "--port", "0", "--functions", source, folder=tmp_path)

    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert ended.err.startswith(message)


def test_log_lines_of_a_function_carry_the_ids_of_its_run(server: Dev, ask: Call) -> None:
    (server.folder / "logs.json").write_text(json.dumps(calling("validate-order")))
    ask("definitions", "apply", server.folder / "logs.json")

    ended = ask("runs", "start", "validate-order", "--input", '{"recordId": "rec_9"}', "--wait")

    run_id = ended.out.splitlines()[-1].split()[1]
    (line,) = (line for line in server.log.splitlines() if 'event="checking rec_9"' in line)
    assert "level=info" in line
    assert f"function=validate-order tenant=demo run_id={run_id} step_id=only attempt=1" in line


def test_the_module_and_the_script_are_the_same_program(tmp_path: Path) -> None:
    script = Path(environment()["PATH"].partition(":")[0]) / "baton"

    said = subprocess.run([script, "--version"], capture_output=True, text=True, check=True).stdout

    assert said == baton("--version", folder=tmp_path).out
    assert said.startswith("baton 0.")
