"""The readiness of this process: the results of the checks that its services registered."""

import asyncio
from collections.abc import Mapping
from typing import Final

from baton.command_api.services import Services

CHECK_TIMEOUT_S: Final = 2.0
"""A check that takes longer counts as failing."""


async def check_readiness(services: Services) -> Mapping[str, bool]:
    """Return whether each check passed, by its name; the process is ready if all did."""
    results = await asyncio.gather(*(_passes(services, name) for name in services.checks))
    return dict(zip(services.checks, results, strict=True))


def words_of(checks: Mapping[str, bool]) -> dict[str, str]:
    """Return "ok" or "failing" for each check."""
    return {name: "ok" if passed else "failing" for name, passed in checks.items()}


async def _passes(services: Services, name: str) -> bool:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await services.checks[name]()
    # Whatever a check raises, the service isn't ready; the response names only the check.
    except Exception:  # noqa: BLE001
        return False
