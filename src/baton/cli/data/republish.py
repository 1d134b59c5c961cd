"""`baton republish`: publishes stored events to Kafka again, after Kafka lost them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from baton.cli.option_checks import check_range
from baton.cli.options import FirstPosition, LastPosition
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.eventlog.ports.backend import Stores
    from baton.settings import Settings


@dataclass(slots=True)
class _Reached:
    published: int
    position: int


def republish(
    first: FirstPosition,
    last: LastPosition = None,
) -> None:
    """Publish the events of runs again, from the store to the topic that executors follow.

    Use it after Kafka lost data. Services may run meanwhile. Running it again is harmless, because
    executors skip events that they have seen.
    """
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings

    check_range(first, last)
    reached = run_async(_republished(load_settings(), first, last))
    typer.echo(f"Published {reached.published} events, up to position {reached.position}.")


async def _republished(settings: "Settings", first: int, last: int | None) -> _Reached:
    from baton.stores import open_shared

    stores = await open_shared(settings)
    try:
        return await _publish(stores, max(0, first - 1), last)
    finally:
        await stores.close()


async def _publish(stores: "Stores", after: int, last: int | None) -> _Reached:
    from baton.cli.terminal.progress import progress_bar
    from baton.eventlog.errors import Unavailable
    from baton.eventlog.loops.relay import republish as publish_again

    if stores.outbox is None or stores.publisher is None:
        raise Failed(
            "There is no shared log to publish to: set BATON_STORE=postgresql://… and BATON_LOG=kafka://…"
        )
    head = await stores.events.head()
    to = head if last is None else min(head, last)
    reached = _Reached(0, min(after, to))
    with progress_bar("Publishing", "positions") as show:

        def progress(published: int, position: int) -> None:
            reached.published, reached.position = published, position
            show(position - after, to - after)

        try:
            await publish_again(
                stores.outbox, stores.publisher, after=after, to=to, progress=progress
            )
        except Unavailable as error:
            advice = f"continue with --from {reached.position + 1}"
            raise Failed(f"{error}; published up to {reached.position}: {advice}") from error
    return reached
