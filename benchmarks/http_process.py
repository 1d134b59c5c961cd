"""Runs loads on a server: `python -m benchmarks.http_process JOB`, in the client's own process."""

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
from benchmarks.processes import print_json, rss_mib

_SAMPLES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to do to the server that runs as `pid`: "drive" it, run "one-by-one", or "watch" it.

    "watch" runs one load and samples the server's memory 100 times.
    """

    act: Literal["drive", "one-by-one", "watch"]
    url: str
    token: str
    pid: int
    definition_id: str
    loads: tuple[Load, ...]

    @property
    def client(self) -> Client:
        """Return a client for the job's server."""
        return Client(
            server=Server(url=self.url, token=self.token), definition_id=self.definition_id
        )


async def done(job: Job) -> object:
    """Return a result per load, or [(runs, MiB), …] for "watch"."""
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


def job_from(results: Mapping[str, object]) -> Job:
    """Read a job from JSON."""
    loads = results["loads"]
    assert isinstance(loads, list)
    return Job(**{**results, "loads": tuple(Load(**load) for load in loads)})  # type: ignore[arg-type]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print_json(runner.run(done(job_from(json.loads(sys.argv[1])))))
