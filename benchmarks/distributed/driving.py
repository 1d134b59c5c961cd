"""Has another process put loads on: on Baton's services through their log or HTTP, or on DBOS."""

from collections.abc import Sequence

from benchmarks.dbos_setting import Setting
from benchmarks.distributed.installation import Installation
from benchmarks.distributed.load import Task, Told, told_from
from benchmarks.distributed.servers import Servers
from benchmarks.distributed.usage import cpu_seconds, spent
from benchmarks.http_process import Job
from benchmarks.load import Load
from benchmarks.processes import called
from benchmarks.session import Turns
from benchmarks.subjects import records


def driven(it: Installation, loads: Sequence[Load]) -> list[Told]:
    """Start runs in bulk, by the API's command in a process that isn't the API."""
    task = Task(store=it.store, definitions=it.definitions, pids=it.pids, loads=tuple(loads))
    return [told_from(one) for one in called("distributed.driver_process", it.folder, task)]


def through_http(it: Installation, act: str, load: Load) -> Told:
    """Have a client "drive" the API, or run "one-by-one"."""
    api = it.api
    job = Job(
        act=act,  # type: ignore[arg-type]
        url=api.url,
        token=api.token,
        pid=0,
        definition_id=it.definitions[load.shape],
        loads=(load,),
    )
    before = cpu_seconds(it.pids)
    (measured,) = records(called("http_process", it.folder, job))
    return Told(measured=measured, cpu=spent(before, cpu_seconds(it.pids)))


def dbos(turns: Turns, servers: Servers, setting: Setting, loads: Sequence[Load]) -> list[Told]:
    """Measure DBOS in a process and a database of its own."""
    doing = f"DBOS, {loads[-1].shape}, {loads[-1].in_flight} in flight, {setting}"
    with turns.folder(doing) as folder, servers.database() as database:
        told = called("dbos_process", folder, setting, list(loads), database)
    return [Told(measured=one, cpu={"DBOS": one.cpu_seconds}) for one in records(told)]
