"""Runs loads from another process: on Baton's store, through Baton's HTTP API, or on DBOS."""

from collections.abc import Sequence

from benchmarks.dbos_setting import Setting
from benchmarks.distributed.installation import Installation
from benchmarks.distributed.load import LoadResult, Task, load_result_from
from benchmarks.distributed.servers import Servers
from benchmarks.distributed.usage import cpu_seconds, spent
from benchmarks.http_process import Job
from benchmarks.load import Load
from benchmarks.processes import run_module
from benchmarks.session import Turns
from benchmarks.subjects import records


def driven(it: Installation, loads: Sequence[Load]) -> list[LoadResult]:
    """Start runs in bulk, with the API's command but outside the API."""
    task = Task(store=it.store, definitions=it.definitions, pids=it.pids, loads=tuple(loads))
    return [
        load_result_from(one) for one in run_module("distributed.driver_process", it.folder, task)
    ]


def through_http(it: Installation, act: str, load: Load) -> LoadResult:
    """Run a client that puts a load on the API ("drive") or starts single runs ("one-by-one")."""
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
    (measured,) = records(run_module("http_process", it.folder, job))
    return LoadResult(measured=measured, cpu=spent(before, cpu_seconds(it.pids)))


def dbos(
    turns: Turns, servers: Servers, setting: Setting, loads: Sequence[Load]
) -> list[LoadResult]:
    """Measure DBOS in a new process with a new database."""
    doing = f"DBOS, {loads[-1].shape}, {loads[-1].in_flight} in flight, {setting}"
    with turns.folder(doing) as folder, servers.database() as database:
        results = run_module("dbos_process", folder, setting, list(loads), database)
    return [LoadResult(measured=one, cpu={"DBOS": one.cpu_seconds}) for one in records(results)]
