"""A Kafka broker as a local process, which a test may stop, pause, kill and wipe."""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from tests.kit.eventually import eventually_blocking
from tests.servers.availability import unused_port
from tests.servers.server_folder import make_server_folder, remove_server_folder

OLDEST_JAVA = 17
START_S = 60.0
FETCH_S = 100.0
"""Timeout of downloading the jars."""
FOLDER_BYTES = 2 * 2**30
"""Free memory that a broker's folder needs to be kept in memory."""
HEAP = "384m"
CLUSTER = "baton-tests-of-kafka-x"
CLASS_ARCHIVE = "classes.jsa"
"""Class data sharing archive, beside the jars: it halves a broker's start."""
FETCH = Path(__file__).parents[2] / ".ci" / "fetch-kafka"

_JAVA = (
    f"-Xmx{HEAP}",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
_SHORT_LIVED = ("-XX:TieredStopAtLevel=1",)
"""Compile quickly, optimize little: a test's broker ends before optimization pays."""

OPTIONS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "broker.heartbeat.interval.ms": "300",
    "broker.session.timeout.ms": "1500",  # a killed broker can't return before it has expired
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.segment.bytes": str(64 * 2**20),
    "log.cleaner.enable": "false",  # it takes 128 MB, and tests end before it would run
    "offsets.topic.segment.bytes": str(16 * 2**20),
    "controller.quorum.election.timeout.ms": "500",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "background.threads": "2",
    "log.flush.offset.checkpoint.interval.ms": "60000",
}


@cache
def kafka_jars() -> Path | None:
    """Return the folder of the broker's jars and class archive; None without Java 17 or the jars.

    Downloads the jars and makes the archive if they are missing.
    """
    if _java_version() < OLDEST_JAVA:
        return None
    try:
        found = subprocess.run(
            ["bash", FETCH], capture_output=True, text=True, check=True, timeout=FETCH_S
        )
    except (subprocess.SubprocessError, OSError):
        return None
    jars = Path(found.stdout.strip())
    with (jars / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process makes the archive while the others wait
        if not (jars / CLASS_ARCHIVE).exists():
            _archive_classes(jars)
    return jars


def _archive_classes(jars: Path) -> None:
    fresh = jars / f"fresh-{CLASS_ARCHIVE}"
    broker = LocalKafka(jars, java=(f"-XX:ArchiveClassesAtExit={fresh}",))
    try:
        broker.start()
        broker.stop()
        fresh.rename(jars / CLASS_ARCHIVE)
    finally:
        broker.remove()


def _java_version() -> int:
    java = shutil.which("java")
    if java is None:
        return 0
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', shown)
    return int(version[1]) if version else 0


class LocalKafka:
    """A broker in a temporary folder; its data and its port survive `kill` and `start`.

    The caller owns it and ends it by `remove`.
    """

    def __init__(
        self,
        jars: Path,
        *,
        on_disk: bool = False,
        advertised: int | None = None,
        java: tuple[str, ...] = (),
    ) -> None:
        """Make the folder with an empty broker's data; `start` starts it.

        Args:
            jars: Folder of the broker's jars.
            on_disk: Keep the data on disk, as benchmarks must; tests keep it in memory.
            advertised: Port that clients are redirected to, such as that of a proxy.
            java: Options of the virtual machine in place of the class archive.
        """
        self._jars = jars
        self._options = java or (f"-XX:SharedArchiveFile={jars / CLASS_ARCHIVE}",)
        if not on_disk:
            self._options += _SHORT_LIVED
        self._folder = make_server_folder("kafka", needed_bytes=FOLDER_BYTES, on_disk=on_disk)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = unused_port()
        self.advertised = advertised or self.port
        self._controller = unused_port()
        self.wipe()

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"kafka://{self.servers}"

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start the broker and return when it accepts connections."""
        self.launch()
        eventually_blocking(self.is_ready, within_s=START_S, every_s=0.05)

    def launch(self) -> None:
        """Start the broker without waiting for `is_ready`.

        The kernel kills it when the calling thread ends.
        """
        self._configure()
        broker = self._java("kafka.Kafka", *self._options)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_killed_with_parent(), *broker, str(self._folder / "properties")],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                start_new_session=True,  # Ctrl-C must reach the tests only
            )

    def is_ready(self) -> bool:
        """Whether the broker accepts connections.

        Raises `RuntimeError` if it has ended.
        """
        if self._process is None or self._process.poll() is not None:
            text = (self._folder / "log").read_text(errors="replace")
            raise RuntimeError(f"Kafka did not start: {text[-2_000:]}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the broker: SIGTERM hands its partitions over first, SIGKILL is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            if how is not signal.SIGKILL:
                self._process.send_signal(signal.SIGCONT)
            self._process.wait(START_S)
            self._process = None

    def kill(self) -> None:
        """End the broker as a crash does."""
        self.stop(signal.SIGKILL)

    def pause(self) -> None:
        """Suspend the broker with its connections open, until `resume`."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Continue a paused broker."""
        os.kill(self.pid, signal.SIGCONT)

    def wipe(self) -> None:
        """Delete the data of a stopped broker: the next start is that of an empty one."""
        assert self._process is None
        shutil.rmtree(self._data, ignore_errors=True)
        shutil.copytree(self._formatted(), self._data)

    def remove(self) -> None:
        """End the broker and delete its folder."""
        self.kill()
        remove_server_folder(self._folder)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _configure(self) -> None:
        own = {
            "log.dirs": str(self._data),
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            **self.listeners(f"CONTROLLER://127.0.0.1:{self._controller}"),
        }
        lines = [f"{name}={value}" for name, value in {**OPTIONS, **own}.items()]
        (self._folder / "properties").write_text("\n".join(lines))

    def listeners(self, controller: str) -> dict[str, str]:
        """Return the properties of the listeners, beside the one of the `controller`."""
        return {
            "listeners": f"PLAINTEXT://{self.servers},{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.advertised}",
        }

    def _formatted(self) -> Path:
        """Return the folder of an empty broker's data, shared: formatting takes seconds."""
        found = self._jars / "formatted"
        if not found.exists():
            self.format()
            fresh = Path(tempfile.mkdtemp(dir=self._jars))
            shutil.copytree(self._data, fresh, dirs_exist_ok=True)
            shutil.rmtree(self._data)
            try:
                fresh.rename(found)
            except OSError:  # another process has formatted it meanwhile
                shutil.rmtree(fresh)
        return found

    def format(self, *options: str) -> None:
        """Write the data of an empty broker into its folder."""
        self._configure()
        self._data.mkdir(parents=True)
        tool = self._java("kafka.tools.StorageTool")
        arguments = ["format", "-t", CLUSTER, "-c", str(self._folder / "properties"), *options]
        done = subprocess.run([*tool, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"Kafka: {done.stdout}{done.stderr}")

    def _java(self, program: str, *options: str) -> list[str]:
        return ["java", *_JAVA, *options, "-cp", f"{self._jars}/*", program]


def _killed_with_parent() -> list[str]:
    """Return a command prefix that ends the broker when the tests are killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
