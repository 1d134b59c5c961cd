"""Puts loads on a server: `python -m benchmarks.http_process JOB`, the client's own process."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import uvloop

from benchmarks.http_client import Server
from benchmarks.http_load import Client
from benchmarks.load import Load, Measured
from benchmarks.processes import rss_mib, tell

_SAMPLES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to do to the server that runs as `pid`: "drive" it, run "one-by-one", or "watch" it.

    To watch is to drive it with one load and note its memory 100 times on the way.
    """

    act: Literal["drive", "one-by-one", "watch"]
    url: str
    token: str
    pid: int
    definition_id: str
    loads: tuple[Load, ...]

    @property
    def client(self) -> Client:
        """Return a client for it."""
        return Client(
            server=Server(url=self.url, token=self.token), definition_id=self.definition_id
        )


async def done(job: Job) -> object:
    """Return what was measured of each load, or [(runs, MiB), …]."""
    client = job.client
    match job.act:
        case "drive":
            return [await client.drive(load) for load in job.loads]
        case "one-by-one":
            return [await client.one_by_one(load) for load in job.loads]
        case "watch":
            return await _watched(job, client)


async def _watched(job: Job, client: Client) -> list[tuple[int, float]]:
    (load,) = job.loads
    every = max(1, load.runs // _SAMPLES)
    samples: list[tuple[int, float]] = [(0, rss_mib(job.pid))]

    def note(runs: int) -> None:
        if runs % every == 0:
            samples.append((runs, rss_mib(job.pid)))

    client.watch = note
    measured: Measured = await client.drive(load)
    return [*samples, (measured.runs, rss_mib(job.pid))]


def job_from(told: Mapping[str, object]) -> Job:
    """Return the job that JSON tells of."""
    loads = told["loads"]
    assert isinstance(loads, list)
    return Job(**{**told, "loads": tuple(Load(**load) for load in loads)})  # type: ignore[arg-type]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tell(runner.run(done(job_from(json.loads(sys.argv[1])))))
