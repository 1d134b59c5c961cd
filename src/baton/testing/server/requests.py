"""Requests to a server, sent with the command line's client outside of the event loop."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import typer

from baton.cli.server.apply_definition import apply_document
from baton.cli.server.client import JSON, connect
from baton.cli.server.refusals import BAD_REQUEST, CONFLICT, NOT_FOUND, ServerRefused, Subject
from baton.cli.terminal.failures import Failed
from baton.domain.errors import Rejected
from baton.testing.documents import ReadDocument

OWN_FORMAT: Final = "baton"
"""The name of Baton's own format of definitions."""


class Requests:
    """Sends requests to the server that `connect` of the command line finds.

    Raises ValueError if the address and the token can't be used together.
    """

    def __init__(self, url: str, token: str | None, tenant: str | None) -> None:
        try:
            self._server = connect(url, token, tenant)
        except (Failed, typer.BadParameter) as error:
            raise ValueError(str(error)) from None

    async def get(self, path: str, about: Subject | None = None, **query: object) -> Any:
        """Return a document; raises LookupError, Rejected, and Failed as the command line does."""
        with _refusals():
            return await asyncio.to_thread(partial(self._server.get, path, about, **query))

    async def get_when_ended(self, path: str, wait_s: int) -> Any:
        """Return a run when it has ended, or after `wait_s` seconds."""
        headers = {"Prefer": f"wait={wait_s}"}
        return await self._call("GET", f"{path}?fields=", headers=headers)

    async def post(
        self, path: str, body: object, about: Subject | None = None, *, media: str = JSON
    ) -> Any:
        """Send a document and return the answer; raises what `get` does."""
        return await self._call("POST", path, body, about=about, media=media)

    async def apply(self, document: ReadDocument) -> None:
        """Create or update a definition; raises ValueError with the faults."""
        try:
            apply = partial(apply_document, self._server, document.content, OWN_FORMAT)
            await asyncio.to_thread(apply)
        except ServerRefused as refused:
            if refused.status == BAD_REQUEST:
                raise ValueError(f"{document.name} is not valid: {refused}") from None
            raise

    async def _call(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        with _refusals():
            return await asyncio.to_thread(partial(self._server.call, method, path, body, **more))


@contextmanager
def _refusals() -> Iterator[None]:
    """Translate the errors of the command line's client into those of an engine."""
    try:
        yield
    except ServerRefused as refused:
        if refused.status == NOT_FOUND:
            raise LookupError(str(refused)) from None
        if refused.status in {BAD_REQUEST, CONFLICT}:
            raise Rejected(str(refused)) from None
        raise
