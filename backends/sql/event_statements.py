"""Reading the events of the eventsourcing library's table."""


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
        self.page = f"{select} WHERE {position} > {first} ORDER BY {position} LIMIT {second}"
        """Events after a position, up to a limit."""
        self.stream = (
            f"{select} WHERE originator_id = {first} AND originator_version > {second}"
            f" ORDER BY originator_version LIMIT {third}"
        )
        """Events of a stream after a version, up to a limit."""
        self.head = f"SELECT coalesce(max({position}), 0) FROM {table}"  # noqa: S608 - as above
        """The position of the newest event, 0 in an empty table."""
