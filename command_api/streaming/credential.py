"""Watches the credential of a stream: a revoked or expired one ends it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from baton.command_api.http.refusal import Refused
from baton.command_api.principal import READ, Identity
from baton.eventlog.errors import Unavailable

CHECK_S: Final = 0.5
"""Seconds between two checks of the token or key.

A revoked API key is refused 0.2 s later, so that its streams end within a second, too.
"""
UNAVAILABLE_S: Final = 1.0
"""Seconds before the next check if the token or key can't be checked now."""


async def until_invalid(identify: Callable[[], Awaitable[Identity]], tenant: str) -> None:
    """Return once the credential may no longer read in `tenant`.

    Args:
        identify: Called for each check; returns the identity of the credential, or raises Refused
            or `Unavailable`.
        tenant: The tenant of the stream.
    """
    while True:
        await asyncio.sleep(CHECK_S)
        try:
            identity = await identify()
        except Refused:
            return
        except Unavailable:  # a token's own expiry is checked without any server
            await asyncio.sleep(UNAVAILABLE_S)
            continue
        if tenant not in identity.tenants or READ not in identity.scopes:
            return
