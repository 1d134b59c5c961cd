"""Hearing of one channel's notifications. They get lost with the connection, which is made anew."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from baton.backends.postgres.database import Connection, connect, part
from baton.backends.postgres.errors import as_unavailable
from baton.eventlog.errors import Unavailable

Heard = Callable[[int, int | None], None]
"""Told the server process that notifies, and the number that it tells, if it is one."""


class Listener:
    """One connection that listens; `missed` is told whenever something may not have been heard."""

    def __init__(
        self,
        url: str,
        channel: str,
        *,
        heard: Heard,
        missed: Callable[[], None],
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._url = url
        self._channel = channel
        self._heard = heard
        self._missed = missed
        self._settings = settings
        self._connection: Connection | None = None
        self._closed = False

    async def connection(self) -> Connection:
        """Return the connection, which listens from now on at the latest; raises `Unavailable`."""
        if self._closed:
            raise Unavailable("the store is closed")
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        connection = await connect(self._url, settings=self._settings)
        try:
            with as_unavailable():
                await connection.add_listener(self._channel, self._notified)
        except BaseException:
            connection.terminate()
            raise
        connection.add_termination_listener(self._lost)
        self._connection = connection
        self._missed()
        return connection

    def rest(self) -> None:
        """Listen no more until the connection is asked for again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def close(self) -> None:
        """Listen no more."""
        self._closed = True
        connection, self._connection = self._connection, None
        if connection is not None:
            await part(connection)

    def _notified(self, _connection: object, pid: int, _channel: str, payload: object) -> None:
        numbered = isinstance(payload, str) and payload.isdigit()
        self._heard(pid, int(str(payload)) if numbered else None)

    def _lost(self, _connection: object) -> None:
        self._missed()
