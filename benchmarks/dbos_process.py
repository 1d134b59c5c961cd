"""Runs loads on DBOS Transact: `python -m benchmarks.dbos_process SETTING [LOAD, …] DATABASE`.

DATABASE is the URL of an empty PostgreSQL database, or null for a SQLite file. The setting's number
of threads (fewer if fewer runs are in flight) call the runs; the other runs wait in memory,
unrecorded, at no cost to DBOS. Fan-outs are asynchronous workflows that gather their steps, one run
at a time: the steps of one run keep all threads busy.
"""

import asyncio
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dbos import DBOS, DBOSConfig

from benchmarks.dbos_setting import Setting
from benchmarks.load import Load, Measured, Quota, quantile
from benchmarks.processes import print_json, rss_mib

FILE = "dbos.sqlite"
SPARE_CONNECTIONS = 20
"""Beside one for each thread: none ever waits for another's."""
Drive = Callable[[Load, Setting, Quota], list[float]]


@DBOS.step()
def noop(number: int) -> int:
    return number


@DBOS.step()
async def noop_gathered(number: int) -> int:
    return number


@DBOS.workflow()
def sequence(width: int) -> int:
    for number in range(width):
        noop(number)
    return width


@DBOS.workflow()
async def fan_out(width: int) -> int:
    await asyncio.gather(*(noop_gathered(number) for number in range(width)))
    return await noop_gathered(width)


def launch(setting: Setting, database: str | None) -> None:
    """Start DBOS on an empty database, or on a fresh file in the working folder."""
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": database or _fresh_file(setting),
        "log_level": "ERROR",
        "max_executor_threads": setting.threads,
    }
    if database:
        config["sys_db_pool_size"] = setting.threads + SPARE_CONNECTIONS
    DBOS(config=config)
    DBOS.launch()


def _fresh_file(setting: Setting) -> str:
    path = Path(FILE).absolute()
    if setting.write_ahead_log:
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode = WAL")  # stays with the file
        connection.close()
    return f"sqlite:///{path}"


def measured(load: Load, setting: Setting) -> Measured:
    """Run one load; it ends when the last run has returned."""
    drive: Drive = in_threads if load.of.kind == "sequence" else in_one_loop
    quota, begun, cpu = Quota(load), time.perf_counter(), time.process_time()
    took_ms = drive(load, setting, quota)
    return Measured(
        runs=quota.started,
        steps=quota.started * load.of.steps,
        seconds=time.perf_counter() - begun,
        cpu_seconds=time.process_time() - cpu,
        rss_mib=rss_mib(),
        p50_ms=quantile(took_ms, 0.5),
        p99_ms=quantile(took_ms, 0.99),
    )


def in_threads(load: Load, setting: Setting, quota: Quota) -> list[float]:
    """Run sequences; return the duration of each in ms."""
    took_ms: list[float] = []

    def keep_running() -> None:
        while quota.take():
            begun = time.perf_counter()
            sequence(load.of.width)
            took_ms.append((time.perf_counter() - begun) * 1_000)

    with ThreadPoolExecutor(setting.threads) as pool:
        calls = [pool.submit(keep_running) for _ in range(min(setting.threads, load.in_flight))]
        for call in calls:
            call.result()
    return took_ms


def in_one_loop(load: Load, setting: Setting, quota: Quota) -> list[float]:
    """Run fan-outs; return the duration of each in ms."""
    del setting  # its threads are DBOS's own here

    async def keep_running() -> list[float]:
        took_ms: list[float] = []
        while quota.take():
            begun = time.perf_counter()
            await fan_out(load.of.width)
            took_ms.append((time.perf_counter() - begun) * 1_000)
        return took_ms

    return asyncio.run(keep_running())


if __name__ == "__main__":
    chosen = Setting(**json.loads(sys.argv[1]))
    launch(chosen, json.loads(sys.argv[3]))
    print_json([measured(Load(**load), chosen) for load in json.loads(sys.argv[2])])
    os._exit(0)  # its threads take a second to end; its folder is thrown away
