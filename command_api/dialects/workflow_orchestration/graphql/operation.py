"""One operation while it is executed: the caller, the loaders of its fields, the budget of bytes.

It is the `context` of every resolver.
"""

from typing import TypeAlias

from graphql import DocumentNode
from strawberry import Info

from baton.command_api.dialects.workflow_orchestration.graphql.loaders import Loaders
from baton.command_api.dialects.workflow_orchestration.load import recorded_durations
from baton.command_api.dialects.workflow_orchestration.translation.estimate import Durations
from baton.command_api.http.read_your_write import WAIT_MS
from baton.command_api.http.refusal import Refused
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import WRITE
from baton.projector.views.runs.view import Document as Run


class Operation:
    """A query, a mutation, or a subscription of one caller.

    Attributes:
        context: The request, with the caller as principal.
        document: The parsed and validated document.
        loaders: Load what the fields ask for, together where they can.
        position: The position of the newest event of its commands, None before the first.
        shows_secret: Whether its response has a secret, which must not be stored.
    """

    __slots__ = (
        "_bytes_left",
        "_durations",
        "context",
        "document",
        "loaders",
        "position",
        "shows_secret",
    )

    def __init__(self, context: RequestContext, document: DocumentNode) -> None:
        self.context = context
        self.document = document
        self.position: int | None = None
        self.shows_secret = False
        self._durations: dict[str, Durations] = {}
        self.begin_response()

    def begin_response(self) -> None:
        """Forget the loaded data, because a subscription makes a new response for each change."""
        self.loaders = Loaders(self.context.services, self.context.tenant)
        self._bytes_left = self.context.services.max_answer_bytes

    async def durations_of(self, run: Run) -> Durations:
        """Return how long the steps of the run's definition took before, as read once."""
        ident = run.definition_id
        if ident not in self._durations:
            services, tenant = self.context.services, self.context.tenant
            self._durations[ident] = await recorded_durations(services, tenant, ident)
        return self._durations[ident]

    def writer(self) -> RequestContext:
        """Return the context of a command; raises Refused 403 for a caller who may only read."""
        if WRITE not in self.context.principal.scopes:
            message = f"The token lacks the scope {WRITE}"
            raise Refused("forbidden", message)
        return self.context

    async def accepted(self, position: int) -> None:
        """Wait until queries show the effect of a command, whose newest event is at `position`.

        The fields of a mutation are executed one after the other, and each may read the effects of
        those before it.
        """
        self.position = max(self.position or 0, position)
        await self.context.services.reached(position, WAIT_MS)
        self.loaders = Loaders(self.context.services, self.context.tenant)

    def has_room_for(self, size: int) -> bool:
        """Return whether a value of `size` bytes fits into the response, and count it if so."""
        if not self.context.services.max_answer_bytes:
            return True
        if size > self._bytes_left:
            return False
        self._bytes_left -= size
        return True


OperationInfo: TypeAlias = Info[Operation, None]
