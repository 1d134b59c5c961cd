"""A PostgreSQL server as a local process, which a test may stop and kill."""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from tests.kit.eventually import eventually_blocking
from tests.servers.availability import unused_port
from tests.servers.server_folder import make_server_folder, remove_server_folder

OLDEST_VERSION = 15
START_S = 30.0
FOLDER_BYTES = 4 * 2**30
"""Free memory that a server's folder needs to be kept in memory."""

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "max_connections": "200",
    "max_wal_size": "2GB",  # a checkpoint during tests costs time and proves nothing
    "checkpoint_timeout": "30min",
    "log_min_messages": "fatal",
}
_SHORT_LIVED = {"shared_buffers": "64MB"}
_INITDB = ("-A", "trust", "-U", "baton", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
_COLLATION = ("--locale-provider=icu", "--icu-locale=en-US")
"""Not the order of code points, so that tests find queries that depend on the collation."""


def postgres_programs() -> Path | None:
    """Return the folder of the newest installed server's programs, or None."""
    found = [
        path
        for path in Path("/usr/lib/postgresql").glob("*/bin")
        if _version(path) >= OLDEST_VERSION
    ]
    if found:
        return max(found, key=_version)
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb and shutil.which("postgres") else None


def _version(path: Path) -> int:
    return int(path.parent.name) if path.parent.name.isdigit() else 0


class LocalPostgres:
    """A server in a temporary folder; its data survives `stop` and `start`.

    The caller owns it and ends it by `remove`.
    """

    def __init__(self, folder_of_programs: Path, *, on_disk: bool = False) -> None:
        """Make the folder with an empty database cluster; `start` starts it.

        Args:
            folder_of_programs: Folder of `postgres` and `initdb`.
            on_disk: Keep the data on disk with the usual settings, as benchmarks must; tests
                keep it in memory.
        """
        self._programs = folder_of_programs
        self._options = OPTIONS if on_disk else {**OPTIONS, **_SHORT_LIVED}
        self._folder = make_server_folder("postgres", needed_bytes=FOLDER_BYTES, on_disk=on_disk)
        user = _server_user()
        self._user = user.pw_uid if user else None
        self._group = user.pw_gid if user else None
        self._extra_groups: list[int] | None = [] if user else None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = unused_port()
        if user:
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        collation = () if on_disk else _COLLATION
        self._run("initdb", *_INITDB, *collation, "-D", str(self._data))

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
        """Start the server and return when it accepts connections."""
        self.launch()
        self.wait()

    def configure(self, options: dict[str, str], files: dict[str, str]) -> None:
        """Add options to those of the next start, and write files into the data folder.

        Args:
            options: By name.
            files: Contents by name.
        """
        self._options = {**self._options, **options}
        for name, content in files.items():
            file = self._data / name
            file.write_text(content)
            file.chmod(0o600)
            if self._user is not None:
                os.chown(file, self._user, self._group or -1)

    def launch(self) -> None:
        """Start the server without waiting; the kernel stops it when the calling thread ends."""
        options = [
            f"-c{name}={value}" for name, value in {**self._options, "port": self.port}.items()
        ]
        command = [*_killed_with_parent(), str(self._programs / "postgres"), "-D", str(self._data)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *options],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C must reach the tests only
                user=self._user,
                group=self._group,
                extra_groups=self._extra_groups,
            )

    def wait(self) -> None:
        """Return when the server accepts connections; raises `RuntimeError` if it has ended."""
        process = self._process
        assert process is not None

        def is_ready() -> bool:
            if not (ready := self._ready()) and process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start: {self._log_tail()}")
            return ready

        eventually_blocking(is_ready, within_s=START_S, every_s=0.02, explain=self._log_tail)

    def _log_tail(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-2_000:]

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT closes its connections first, SIGQUIT is as abrupt as a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_S)
            self._process = None

    def remove(self) -> None:
        """End the server and delete its folder."""
        self.stop(signal.SIGQUIT)
        remove_server_folder(self._folder)

    def _ready(self) -> bool:
        arguments = ("-q", "-h", "127.0.0.1", "-p", str(self.port), "-d", "postgres")
        checked = subprocess.run([self._programs / "pg_isready", *arguments], check=False)
        return checked.returncode == 0

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
    """Return the user that runs the server when the tests run as root, which it refuses."""
    if os.geteuid():
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]


def _killed_with_parent() -> list[str]:
    """Return a command prefix that ends the server when the tests are killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "QUIT"] if setpriv else []
