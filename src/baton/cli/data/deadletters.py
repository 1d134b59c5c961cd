"""`baton deadletters …`: lists dead letters and sends them to their topic again."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

import typer

from baton.cli.moments import Period
from baton.cli.options import AsJson, DataFolder, Since, Until
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.eventlog.ports.backend import Stores
    from baton.eventlog.ports.dead_letters import DeadLetter
    from baton.settings import Settings

app = typer.Typer(help="Dead letters: list, redrive.")

PAGE = 100


@app.command("list")
def list_letters(
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            show_default=str(PAGE),
            help="Number of the newest letters to show.",
        ),
    ] = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """List messages that could not be processed, with the reason, oldest first.

    --since and --until compare the time of the failure. --json adds the content of a message:
    `value` if it is text, `value_base64` if it is not.
    """
    from baton.cli.data.letter_table import letter_document, print_letters
    from baton.cli.data.store_checks import require_data
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.terminal.output import in_terminal, print_json, print_note

    settings = load_settings(data=data)
    require_data(settings)
    period = Period(since=since, until=until)
    letters, total = run_async(_newest(settings, period, limit or PAGE))
    if as_json:
        print_json([letter_document(letter) for letter in letters])
    else:
        print_letters(letters)
    if len(letters) < total and (limit is None or in_terminal()):
        print_note(f"{len(letters)} of {total} dead letters: --limit {total} shows all.")


@app.command()
def redrive(
    letter_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Id of the letter, from `list`.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every letter that hasn't been redriven.")
    ] = False,
    data: DataFolder = None,
) -> None:
    """Send dead letters to the topic they came from.

    A record event is recorded once, however often it is sent. A message that fails again becomes
    another dead letter.
    """
    from baton.cli.data.store_checks import require_data
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings

    if (letter_id is None) != everything:
        raise typer.BadParameter("name the ID of a letter, or --all")
    settings = load_settings(data=data)
    require_data(settings)
    sent, refused = run_async(_redrive(settings, letter_id))
    typer.echo(f"{sent} redriven")
    if refused:
        shown = "; ".join(refused)
        raise Failed(f"Not sent: {shown}. Raise max.message.bytes of the topic")


async def _newest(
    settings: "Settings", period: Period, limit: int
) -> tuple[list["DeadLetter"], int]:
    """Return the newest letters of a period, oldest first, and the number of all in it."""
    from baton.stores import open_stores

    stores = await open_stores(settings, read_only=True)
    try:
        newest: list[DeadLetter] = []
        total = 0
        async for letter in _letters(stores):
            if not period.contains(letter.at):
                continue
            total += 1
            newest.append(letter)
            if len(newest) >= 2 * limit:
                newest = _last(newest, limit)
        return _last(newest, limit), total
    finally:
        await stores.close()


def _last(letters: list["DeadLetter"], limit: int) -> list["DeadLetter"]:
    return sorted(letters, key=lambda letter: (letter.at, letter.letter_id))[-limit:]


async def _redrive(settings: "Settings", letter_id: str | None) -> tuple[int, list[str]]:
    """Return the number of letters sent, and the refused letters with the reasons."""
    from baton.eventlog.clock import SystemClock
    from baton.eventlog.dead_letters.redrive import redrive as send_again
    from baton.eventlog.errors import Unwritable
    from baton.stores import open_shared

    clock = SystemClock()
    began_at = clock.now()
    stores = await open_shared(settings)
    try:
        if stores.topics is None:
            raise Failed(
                f"{settings.log} has no topics to send to: set BATON_LOG=kafka://HOST:PORT, the log"
                " that the messages came from"
            )
        sent, refused = 0, []
        async for letter in _chosen(stores, letter_id, created_by=began_at):
            try:
                await send_again(letter, stores.dead_letters, stores.topics, clock=clock)
            except Unwritable as error:
                refused.append(f"{letter.letter_id} ({error})")
            else:
                sent += 1
        return sent, refused
    finally:
        await stores.close()


async def _chosen(
    stores: "Stores", letter_id: str | None, *, created_by: int
) -> AsyncIterator["DeadLetter"]:
    """Yield the letters to send. With --all, skip letters that the redriving itself creates."""
    if letter_id is not None:
        found = await stores.dead_letters.get(letter_id)
        if found is None:
            message = f"There is no dead letter {letter_id}: `baton deadletters list` shows them"
            raise Failed(message)
        yield found
        return
    async for letter in _letters(stores):
        if letter.redriven_at is None and letter.at <= created_by:
            yield letter


async def _letters(stores: "Stores") -> AsyncIterator["DeadLetter"]:
    after = ""
    while page := await stores.dead_letters.page(after=after, limit=PAGE):
        for letter in page:
            yield letter
        after = page[-1].letter_id
