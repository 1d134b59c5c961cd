"""`baton deadletters …`: messages that were given up, and sending them again."""

import base64
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.cli.options import AsJson, DataFolder
from baton.cli.terminal.failures import Failed
from baton.protocols.iso_time import format_time

if TYPE_CHECKING:
    from baton.eventlog.ports.backend import Stores
    from baton.eventlog.ports.dead_letters import DeadLetter
    from baton.settings import Settings

app = typer.Typer(help="Messages that were given up: list, redrive.")

PAGE = 100


@app.command("list")
def list_letters(
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 100,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """List messages that could not be taken in, with the reason, the newest last.

    With --json their contents are there too: `value` is text, or `value_base64` what is none.
    """
    from baton.cli.data.store_checks import require_data
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.terminal.output import print_json, print_rows

    settings = load_settings(data=data)
    require_data(settings)
    letters = run_async(_newest(settings, limit))
    if as_json:
        print_json([_document(letter) for letter in letters])
        return
    rows = [
        (one.letter_id, _time(one.at), one.source, one.reason, _time(one.redriven_at))
        for one in letters
    ]
    print_rows(("ID", "GIVEN UP", "SOURCE", "REASON", "SENT AGAIN"), rows)


@app.command()
def redrive(
    letter_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The letter's id, from `list`.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All that were not sent again yet.")
    ] = False,
    data: DataFolder = None,
) -> None:
    """Send messages to the topic they came from once more.

    What they say is taken in once, however often they are sent. One that can't be taken in again
    becomes a further letter.
    """
    from baton.cli.data.store_checks import require_data
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings

    if (letter_id is None) != everything:
        raise typer.BadParameter("name one letter's ID, or --all")
    settings = load_settings(data=data)
    require_data(settings)
    sent, refused = run_async(_redrive(settings, letter_id))
    typer.echo(f"{sent} sent again")
    if refused:
        shown = "; ".join(refused)
        raise Failed(f"Not sent: {shown}. Allow the topic larger messages (max.message.bytes)")


async def _newest(settings: "Settings", limit: int) -> list["DeadLetter"]:
    from baton.wiring import open_stores

    stores = await open_stores(settings, read_only=True)
    try:
        newest: list[DeadLetter] = []
        async for letter in _letters(stores):
            newest.append(letter)
            if len(newest) >= 2 * limit:
                newest = _last(newest, limit)
        return _last(newest, limit)
    finally:
        await stores.close()


def _last(letters: list["DeadLetter"], limit: int) -> list["DeadLetter"]:
    return sorted(letters, key=lambda one: (one.at, one.letter_id))[-limit:]


async def _redrive(settings: "Settings", letter_id: str | None) -> tuple[int, list[str]]:
    """Return how many letters were sent, and which could not be."""
    from baton.eventlog.clock import SystemClock
    from baton.eventlog.errors import Unwritable
    from baton.scheduler.redrive import redrive as send_again
    from baton.wiring import open_shared

    clock = SystemClock()
    begun = clock.now()
    stores = await open_shared(settings)
    try:
        if stores.topics is None:
            message = f"{settings.log} has no topics: set BATON_LOG to the log they came by"
            raise Failed(message)
        sent, refused = 0, []
        async for letter in _chosen(stores, letter_id, before=begun):
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
    stores: "Stores", letter_id: str | None, *, before: int
) -> AsyncIterator["DeadLetter"]:
    """Yield what to send; of all, those that were there before, for some may come back."""
    if letter_id is not None:
        found = await stores.dead_letters.get(letter_id)
        if found is None:
            message = f"There is no dead letter {letter_id}: `baton deadletters list` shows them"
            raise Failed(message)
        yield found
        return
    async for letter in _letters(stores):
        if letter.redriven_at is None and letter.at <= before:
            yield letter


async def _letters(stores: "Stores") -> AsyncIterator["DeadLetter"]:
    after = ""
    while found := await stores.dead_letters.page(after=after, limit=PAGE):
        for letter in found:
            yield letter
        after = found[-1].letter_id


def _time(at: int | None) -> str | None:
    if at is None:
        return None
    return format_time(at)


def _document(letter: "DeadLetter") -> dict[str, Any]:
    message = letter.message
    headers = [{"name": name, **_content("value", value)} for name, value in message.headers]
    return {
        "id": letter.letter_id,
        "source": letter.source,
        "reason": letter.reason,
        "at": _time(letter.at),
        "redrivenAt": _time(letter.redriven_at),
        **_content("key", message.key),
        **_content("value", message.value),
        "headers": headers,
    }


def _content(name: str, content: bytes | None) -> dict[str, str | None]:
    """Return bytes as a member: text, or base64 where they are none."""
    if content is None:
        return {name: None}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}
