"""Profiles Baton under one load: `python -m benchmarks.profile_process engine|http SECONDS`.

Only the thread of the event loop is profiled; everything but SQLite's commits runs on it.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from cProfile import Profile
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
import uvloop

from baton.cli.make_token import sign_token
from baton.command_api.serve import serve
from baton.wiring import run_roles
from benchmarks.engine import Engine, engine, settings_in
from benchmarks.http_process import Job
from benchmarks.load import TENANT, Load, Measured
from benchmarks.processes import command_of, environment, print_json
from benchmarks.shapes import SHAPES
from benchmarks.where_time_goes import Spent, by_function, by_package

SHAPE = "3-step"
_FUNCTIONS = 20
_WARM_S = 0.5
_DATA = Path("baton-data")

Put = Callable[[Load], Awaitable[Measured]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiled:
    """Processor seconds of the loop's thread, and of all other threads together."""

    plain: Measured
    profiled: Measured
    loop_cpu_s: float
    other_cpu_s: float
    packages: list[Spent]
    functions: list[Spent]


async def through_the_engine(seconds: float) -> Profiled:
    """Profile runs that this process starts."""
    async with engine(_DATA) as it:
        definition = await it.define(SHAPES[SHAPE])
        return await _profiled(lambda load: it.drive(definition, load), seconds)


async def through_http(seconds: float) -> Profiled:
    """Profile runs that a client in another process starts."""
    settings = settings_in(_DATA)
    assert settings.jwt_secret is not None
    token = sign_token(
        settings.jwt_secret.get_secret_value(),
        sub="bench",
        tenant=TENANT,
        scope="orchestrator:admin",
        exp=int(time.time()) + 3_600,
    )
    async with run_roles(settings) as process:
        await process.ready()
        definition = await Engine(process).define(SHAPES[SHAPE])
        server = await serve(process.app(), port=0)
        job = Job(
            act="drive",
            url=f"http://127.0.0.1:{server.port}",
            token=token,
            pid=0,
            definition_id=definition.definition_id,
            loads=(),
        )
        try:
            return await _profiled(lambda load: _by_client(job, load), seconds)
        finally:
            await server.close()


async def _by_client(job: Job, load: Load) -> Measured:
    results = {**asdict(job), "loads": [asdict(load)]}
    client = await asyncio.create_subprocess_exec(
        *command_of("http_process", results), env=environment(), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await client.communicate()
    (measured,) = orjson.loads(output)
    return Measured(**measured)


async def _profiled(put: Put, seconds: float) -> Profiled:
    """Run the load three times: as warm-up, without the profiler, and with it."""
    await put(_load(_WARM_S))
    plain = await put(_load(seconds))
    profile = Profile()
    cpu, loop_cpu = time.process_time(), time.thread_time()
    profile.enable()
    profiled = await put(_load(seconds))
    profile.disable()
    loop_cpu_s = time.thread_time() - loop_cpu
    return Profiled(
        plain=plain,
        profiled=profiled,
        loop_cpu_s=loop_cpu_s,
        other_cpu_s=time.process_time() - cpu - loop_cpu_s,
        packages=by_package(profile, profiled.seconds),
        functions=by_function(profile, _FUNCTIONS),
    )


def _load(seconds: float) -> Load:
    return Load(shape=SHAPE, in_flight=50, seconds=seconds)


if __name__ == "__main__":
    name, span = (json.loads(argument) for argument in sys.argv[1:])
    work = {"engine": through_the_engine, "http": through_http}[name]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print_json(runner.run(work(span)))
