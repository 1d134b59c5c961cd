"""Decides the commands of a run again, with the values of artifacts that their conditions read."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from baton.domain.artifact import Values
from baton.domain.decider import Batch
from baton.domain.run.messages import Command
from baton.domain.run.messages.commands import ReportOutcome, StartRun, TakeOver
from baton.eventlog.run_values import RunValues

T = TypeVar("T")


async def with_values_needed(
    batch: Batch[Command],
    append: Callable[[], Awaitable[T]],
    values: RunValues,
    tenant: str,
) -> T:
    """Return the result of `append`, which decides and appends the batch.

    When `append` raises `ValuesNeeded`, the batch gets commands with the values, and `append` is
    called again.
    """
    commands = batch.commands

    async def decide(values_by_hash: Values) -> T:
        batch.commands = [_with_values(command, values_by_hash) for command in commands]
        return await append()

    return await values.decided(tenant, decide)


def _with_values(command: Command, values: Values) -> Command:
    if isinstance(command, StartRun | ReportOutcome | TakeOver):
        return replace(command, values=values)
    return command
