"""Listens on a channel of PostgreSQL notifications.

Notifications are lost while there is no connection; a callback reports such gaps.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from baton.backends.postgres.database import Connection, close_connection, connect
from baton.backends.postgres.errors import as_unavailable
from baton.eventlog.errors import Unavailable

OnNotification = Callable[[int, int | None], None]
"""Called on the event loop with the notifying server process's pid and the payload as an integer.

The second argument is None when the payload isn't a number.
"""


class NotificationChannel:
    """One connection that listens on a channel and is reopened on demand."""

    def __init__(
        self,
        url: str,
        channel: str,
        *,
        on_notification: OnNotification,
        on_gap: Callable[[], None],
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Listen from the first call of `connection` on.

        Args:
            url: The database's address.
            channel: The channel's name.
            on_notification: Called with each notification.
            on_gap: Called without arguments, on the event loop, when notifications may have been
                lost: after every connect and every disconnect.
            settings: Settings of the server's session.

        """
        self._url = url
        self._channel = channel
        self._on_notification = on_notification
        self._on_gap = on_gap
        self._settings = settings
        self._connection: Connection | None = None
        self._closed = False

    async def connection(self) -> Connection:
        """Return the listening connection, opening it if there is none; raises `Unavailable`."""
        if self._closed:
            raise Unavailable("the store is closed")
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        connection = await connect(self._url, settings=self._settings)
        try:
            with as_unavailable():
                await connection.add_listener(self._channel, self._receive)
        except BaseException:
            connection.terminate()
            raise
        connection.add_termination_listener(self._on_connection_lost)
        self._connection = connection
        self._on_gap()
        return connection

    def pause(self) -> None:
        """Stop listening until the next call of `connection`."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def close(self) -> None:
        """Stop listening for good."""
        self._closed = True
        connection, self._connection = self._connection, None
        if connection is not None:
            await close_connection(connection)

    def _receive(self, _connection: object, pid: int, _channel: str, payload: object) -> None:
        numbered = isinstance(payload, str) and payload.isdigit()
        self._on_notification(pid, int(str(payload)) if numbered else None)

    def _on_connection_lost(self, _connection: object) -> None:
        self._on_gap()
