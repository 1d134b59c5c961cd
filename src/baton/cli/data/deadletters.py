"""`baton deadletters …`: lists dead letters and sends them to their topic again."""

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

app = typer.Typer(help="Dead letters: list, redrive.")

PAGE = 100


@app.command("list")
def list_letters(
    limit: Annotated[
        int,
        typer.Option("--limit", metavar="N", min=1, help="Number of the newest letters to show."),
    ] = 100,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """List messages that could not be processed, with the reason, oldest first.

    --json adds their content: `value` if it is text, `value_base64` if it is not.
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
    print_rows(("ID", "FAILED", "SOURCE", "REASON", "REDRIVEN"), rows)


@app.command()
def redrive(
    letter_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Id of the letter, from `list`.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every letter that wasn't redriven yet.")
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
    """Return the number of letters sent, and the refused letters with the reasons."""
    from baton.eventlog.clock import SystemClock
    from baton.eventlog.errors import Unwritable
    from baton.scheduler.redrive import redrive as send_again
    from baton.wiring import open_shared

    clock = SystemClock()
    begun = clock.now()
    stores = await open_shared(settings)
    try:
        if stores.topics is None:
            raise Failed(f"{settings.log} has no topics: set BATON_LOG to the log of the messages")
        sent, refused = 0, []
        async for letter in _chosen(stores, letter_id, created_by=begun):
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
    """Yield the letters to send. With --all, skip those that redriving itself creates."""
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
    """Return bytes as a JSON member: text, or base64 if they are not UTF-8."""
    if content is None:
        return {name: None}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}
