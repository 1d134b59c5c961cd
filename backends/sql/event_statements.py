"""Reading the events of the eventsourcing library's table."""

from baton.eventlog.events.codec import stored_topics_of
from baton.eventlog.events.envelope import Selection


class EventStatements:
    """SELECTs of events as they are stored: position, stream, version, topic, state."""

    def __init__(self, *, table: str, position: str, parameter: str) -> None:
        """Build the statements for one database.

        Args:
            table: The table's name.
            position: The column that holds the positions.
            parameter: The prefix of a parameter's number, such as `$`.
        """
        columns = f"{position}, originator_id, originator_version, topic, state"
        first, second, third = (f"{parameter}{number}" for number in (1, 2, 3))
        select = f"SELECT {columns} FROM {table}"  # noqa: S608 - the arguments are constants
        self._position, self._parameter = position, parameter
        self.select = select
        """All events, without an order; conditions may follow."""
        self.page = f"{select} WHERE {position} > {first} ORDER BY {position} LIMIT {second}"
        """Events after a position, up to a limit."""
        self.stream = (
            f"{select} WHERE originator_id = {first} AND originator_version > {second}"
            f" ORDER BY originator_version LIMIT {third}"
        )
        """Events of a stream after a version, up to a limit."""
        self.head = f"SELECT coalesce(max({position}), 0) FROM {table}"  # noqa: S608 - as above
        """The position of the newest event, 0 in an empty table."""

    def selection(self, wanted: Selection) -> tuple[str, tuple[str | int, ...]]:
        """Return the statement of a selection and its values.

        It compares the beginning of the names of streams: an index on them would be used instead of
        the positions.
        """
        tenant, topics = f"{wanted.tenant}/", sorted(stored_topics_of(wanted.classes))
        values: tuple[str | int, ...] = (
            *(wanted.after, wanted.up_to, tenant, len(tenant), wanted.limit),
            *topics,
        )
        after, up_to, begin, length, limit, *marks = (
            f"{self._parameter}{number}" for number, _ in enumerate(values, 1)
        )
        of_topics = f" AND topic IN ({', '.join(marks)})" if marks else ""
        order = "DESC" if wanted.newest_first else "ASC"
        statement = (
            f"{self.select} WHERE {self._position} > {after} AND {self._position} <= {up_to}"
            f" AND substr(originator_id, 1, {length}) = {begin}{of_topics}"
            f" ORDER BY {self._position} {order} LIMIT {limit}"
        )
        return statement, values
