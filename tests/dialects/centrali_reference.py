"""The verbs of a tale, told in the words of the Centrali reference dialect."""

from aiohttp import ClientSession

from tests.dialects.centrali_driver import CentraliDriver


def driver(session: ClientSession, url: str, tenant: str) -> CentraliDriver:
    """Return who tells a tale to the server at `url` (no slash at its end) as one tenant."""
    base = f"{url}/orchestration/api/v1/workspaces/{tenant}"
    return CentraliDriver(session=session, own=url, base=base, verb="trigger")
