"""A PostgreSQL server of one's own: a process of this machine, to be stopped and killed at will."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from tests.servers.finding import in_memory, quiet_port

OLDEST = 15
START_S = 30.0
ROOM = 4 * 2**30

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "max_connections": "200",
    "max_wal_size": "2GB",  # checkpoints while tests run take time and prove nothing
    "checkpoint_timeout": "30min",
    "log_min_messages": "fatal",
}
_BRIEF = {"shared_buffers": "64MB"}
# Sorts and compares as no code point order does: what relies on the database's order shows.
_INITDB = ("-A", "trust", "-U", "baton", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
_LANGUAGE = ("--locale-provider=icu", "--icu-locale=en-US")


def programs() -> Path | None:
    """Return the folder of the newest server's programs, if one is installed."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if _version(path) >= OLDEST]
    if found:
        return max(found, key=_version)
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb and shutil.which("postgres") else None


def _version(path: Path) -> int:
    return int(path.parent.name) if path.parent.name.isdigit() else 0


class LocalPostgres:
    """A server in a temporary folder, with data that survive `kill` and `start`."""

    def __init__(self, folder_of_programs: Path, *, lasting: bool = False) -> None:
        """Keep the data in memory where there is room: waiting tests nothing.

        A `lasting` one, to be measured, keeps them on a disk, and is set up as usual.
        """
        self._programs = folder_of_programs
        self._options = OPTIONS if lasting else {**OPTIONS, **_BRIEF}
        where = None if lasting else in_memory(ROOM)
        self._folder = Path(tempfile.mkdtemp(prefix="baton-postgres-", dir=where))
        user = _server_user()
        self._user = user.pw_uid if user else None
        self._group = user.pw_gid if user else None
        self._extra_groups: list[int] | None = [] if user else None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = quiet_port()
        if user:
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        language = () if lasting else _LANGUAGE
        self._run("initdb", *_INITDB, *language, "-D", str(self._data))

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def url(self) -> str:
        return f"postgresql://baton@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start, and return when it takes connections."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start without waiting. It ends with the thread that calls this."""
        options = [
            f"-c{name}={value}" for name, value in {**self._options, "port": self.port}.items()
        ]
        command = [*_with_parent(), str(self._programs / "postgres"), "-D", str(self._data)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *options],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the tests
                user=self._user,
                group=self._group,
                extra_groups=self._extra_groups,
            )

    def wait(self) -> None:
        """Return when it takes connections; raises RuntimeError."""
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                text = (self._folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start: {text[-2_000:]}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: SIGINT ends connections, SIGQUIT is as hard as a crash of the server."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_S)
            self._process = None

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ready(self) -> bool:
        asked = ("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-d", "postgres")
        return subprocess.run([self._programs / asked[0], *asked[1:]], check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            user=self._user,
            group=self._group,
            extra_groups=self._extra_groups,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")


def _server_user() -> pwd.struct_passwd | None:
    """Return who is to run the server in the place of root, whom it refuses."""
    if os.geteuid():
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]


def _with_parent() -> list[str]:
    """Return a command that has the server stop when the tests are killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "QUIT"] if setpriv else []
