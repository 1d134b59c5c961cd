"""The API role: commands and queries over HTTP, in every dialect."""

from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry

from baton.command_api.app import make_app
from baton.command_api.services import Services
from baton.role import RoleContext


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRole:
    """Handles requests; the server that listens belongs to the process."""

    services: Services

    def app(self) -> web.Application:
        """Return the application with the routes of every dialect and Baton's own."""
        return make_app(self.services)

    async def run(self) -> None:
        """Return at once: requests drive the handlers."""

    async def stop(self) -> None:
        """Do nothing: the server was closed, so no request is under way."""

    def export(self, metrics: CollectorRegistry) -> None:
        """Do nothing: the application registers its own metrics."""


def build(context: RoleContext) -> ApiRole:
    """Build the API role."""
    return ApiRole(services=context.services)
