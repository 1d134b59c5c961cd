"""A Kafka broker of one's own: a process of this machine, to be stopped and killed at will."""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

from tests.servers.finding import in_memory, quiet_port

OLDEST_JAVA = 17
START_S = 60.0
FETCH_S = 100.0
ROOM = 2 * 2**30
HEAP = "384m"
CLUSTER = "baton-tests-of-kafka-x"
CLASSES = "classes.jsa"
FETCH = Path(__file__).parents[2] / ".ci" / "fetch-kafka"

_JAVA = (
    f"-Xmx{HEAP}",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
_BRIEF = ("-XX:TieredStopAtLevel=1",)
"""For a broker that lives too short for what its virtual machine would make of it."""

OPTIONS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "broker.heartbeat.interval.ms": "300",
    "broker.session.timeout.ms": "1500",  # one that was killed comes back no sooner
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.segment.bytes": str(64 * 2**20),
    "log.cleaner.enable": "false",  # it takes 128 MB, and tests end sooner
    "offsets.topic.segment.bytes": str(16 * 2**20),
    "controller.quorum.election.timeout.ms": "500",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "background.threads": "2",
    "log.flush.offset.checkpoint.interval.ms": "60000",
}


@cache
def programs() -> Path | None:
    """Return the folder of the broker's jars, fetched if need be; None without a fitting Java.

    Beside them is an archive of what a broker loads at its start, which takes half the time then.
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
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process makes it, and the others wait
        if not (jars / CLASSES).exists():
            _archive_classes(jars)
    return jars


def _archive_classes(jars: Path) -> None:
    fresh = jars / f"fresh-{CLASSES}"
    broker = LocalKafka(jars, java=(f"-XX:ArchiveClassesAtExit={fresh}",))
    try:
        broker.start()
        broker.stop()
        fresh.rename(jars / CLASSES)
    finally:
        broker.remove()


def _java_version() -> int:
    java = shutil.which("java")
    if java is None:
        return 0
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    return int(version[1]) if version else 0


class LocalKafka:
    """A broker in a temporary folder; its data and its port survive `kill` and `start`.

    Clients are sent to `advertised`, the port of a proxy, in the place of its own.
    """

    def __init__(
        self,
        jars: Path,
        *,
        lasting: bool = False,
        advertised: int | None = None,
        java: tuple[str, ...] = (),
    ) -> None:
        """Keep the data in memory where there is room: waiting tests nothing.

        A `lasting` one, to be measured, keeps them on a disk. `java` are further options of the
        virtual machine.
        """
        self._jars = jars
        self._options = java or (f"-XX:SharedArchiveFile={jars / CLASSES}",)
        if not lasting:
            self._options += _BRIEF
        where = None if lasting else in_memory(ROOM)
        self._folder = Path(tempfile.mkdtemp(prefix="baton-kafka-", dir=where))
        self._process: subprocess.Popen[bytes] | None = None
        self._deadline = 0.0
        self.port = quiet_port()
        self.advertised = advertised or self.port
        self._controller = quiet_port()
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
        """Start, and return when it takes requests."""
        self.begin()
        while not self.ready():
            time.sleep(0.05)

    def begin(self) -> None:
        """Start, to be `ready` later; it ends with the thread that calls this."""
        self._configure()
        self._deadline = time.monotonic() + START_S
        broker = self._java("kafka.Kafka", *self._options)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_with_parent(), *broker, str(self._folder / "properties")],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                start_new_session=True,  # Ctrl-C is for the tests
            )

    def ready(self) -> bool:
        """Tell whether it takes requests; raises when it never will."""
        if self._process is None or self._process.poll() is not None:
            text = (self._folder / "log").read_text(errors="replace")
            raise RuntimeError(f"Kafka did not start: {text[-2_000:]}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            if time.monotonic() > self._deadline:
                raise
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop: SIGTERM gives up its partitions first, SIGKILL is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            if how is not signal.SIGKILL:
                self._process.send_signal(signal.SIGCONT)
            self._process.wait(START_S)
            self._process = None

    def kill(self) -> None:
        """Crash."""
        self.stop(signal.SIGKILL)

    def hold(self) -> None:
        """Fall silent with all connections open, until `go_on`."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def wipe(self) -> None:
        """Lose all data: the next start is that of a new broker."""
        assert self._process is None
        shutil.rmtree(self._data, ignore_errors=True)
        shutil.copytree(self._formatted(), self._data)

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _configure(self) -> None:
        listeners = {
            "log.dirs": str(self._data),
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "listeners": f"PLAINTEXT://{self.servers},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.advertised}",
        }
        lines = [f"{name}={value}" for name, value in {**OPTIONS, **listeners}.items()]
        (self._folder / "properties").write_text("\n".join(lines))

    def _formatted(self) -> Path:
        """Return an empty broker's data, made once: that takes longer than anything here."""
        found = self._jars / "formatted"
        if not found.exists():
            self._configure()
            self._data.mkdir(parents=True)
            tool = self._java("kafka.tools.StorageTool")
            asked = ["format", "-t", CLUSTER, "-c", str(self._folder / "properties")]
            done = subprocess.run([*tool, *asked], capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"Kafka: {done.stdout}{done.stderr}")
            fresh = Path(tempfile.mkdtemp(dir=self._jars))
            shutil.copytree(self._data, fresh, dirs_exist_ok=True)
            shutil.rmtree(self._data)
            try:
                fresh.rename(found)
            except OSError:  # somebody else was quicker
                shutil.rmtree(fresh)
        return found

    def _java(self, program: str, *options: str) -> list[str]:
        return ["java", *_JAVA, *options, "-cp", f"{self._jars}/*", program]


def _with_parent() -> list[str]:
    """Return a command that has the broker end when the tests are killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
