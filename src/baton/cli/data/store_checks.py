"""Opens the configured store for verbs that read or write its events."""

from typing import TYPE_CHECKING

from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.eventlog.ports.archive import Archive
    from baton.settings import Settings


def require_data(settings: "Settings") -> None:
    """Raise Failed for a folder without events: opening it would create files."""
    from baton.backend_choice import is_embedded

    if not is_embedded(settings.store_url):
        return
    if not (settings.data_folder / "baton.db").is_file():
        folder = settings.data_folder
        raise Failed(
            f"There are no events in {folder}: name another folder with --data, or start"
            f" `baton dev --data {folder}`"
        )


def require_durable(settings: "Settings") -> None:
    """Raise Failed for a store whose data end with the process."""
    from baton.backend_choice import backend_of

    if "durable" not in backend_of(settings.store_url).capabilities:
        raise _stores_nothing(settings)


async def open_archive(settings: "Settings", *, read_only: bool) -> "Archive":
    """Open the events of the configured store; raises Failed, `InUse` and `Unavailable`."""
    from baton.backend_choice import backend_of
    from baton.eventlog.ports.backend import StoreLocation

    opening = backend_of(settings.store_url).open_archive
    if opening is None:
        raise _stores_nothing(settings)
    return await opening(
        StoreLocation(
            secrets_keys=(),  # events hold no secrets
            folder=settings.data_folder,
            url=settings.store_url,
            read_only=read_only,
        )
    )


def _stores_nothing(settings: "Settings") -> Failed:
    return Failed(f"{settings.store_url} stores nothing: name a store with --data or BATON_STORE")
