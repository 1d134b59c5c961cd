"""Fetches a document repeatedly, and waits during outages of the server."""

import time
from collections.abc import Mapping
from typing import Any, Final

from baton.cli.server.client import Server, Unreachable
from baton.cli.server.refusals import ServerRefused, Subject
from baton.cli.terminal.failures import print_error

FIRST_S: Final = 0.25
LONGEST_S: Final = 5.0
"""The pause between two attempts, in seconds; it doubles from the first to the longest."""


class Reconnecting:
    """A document of a server that has answered before, requested with `headers`.

    While the server restarts or can't be reached, a call waits until it answers; the beginning and
    the end of an outage are each one line on stderr. Any other refusal is raised.
    """

    def __init__(
        self,
        server: Server,
        path: str,
        *,
        about: Subject,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._server, self._path, self._about = server, path, about
        self._headers = headers

    def __call__(self, query: str = "") -> Any:
        """Return the current document; `query` begins with a question mark."""
        document = self._try(query)
        if document is not None:
            return document
        print_error(f"Lost the server at {self._server.url}: waiting for it (Ctrl-C ends this)")
        pause_s = FIRST_S
        while document is None:
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_S)
            self._server = self._server.latest()
            document = self._try(query)
        print_error(f"The server at {self._server.url} answers again")
        return document

    def _try(self, query: str) -> Any:
        """Return the document, None during an outage."""
        path = self._path + query
        try:
            return self._server.call("GET", path, headers=self._headers, about=self._about)
        except Unreachable:
            return None
        except ServerRefused as error:
            if not error.is_temporary:
                raise
            return None
