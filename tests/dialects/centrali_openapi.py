"""Driver and sample requests of the Centrali OpenAPI dialect."""

from aiohttp import ClientSession

from tests.dialects.centrali_client import START_VERBS
from tests.dialects.centrali_driver import CentraliDriver
from tests.dialects.centrali_requests import body, distinct_body, error_code, prepare

__all__ = ["body", "distinct_body", "driver", "error_code", "prepare"]


def driver(session: ClientSession, url: str, tenant: str) -> CentraliDriver:
    """Return a driver that acts as a user of `tenant` on the server at `url` (no final slash)."""
    base = f"{url}/orchestration/ws/{tenant}/api/v1"
    verb = START_VERBS["centrali-openapi"]
    return CentraliDriver(session=session, own=url, base=base, verb=verb)
