"""The definitions that a test has applied to an engine in its process."""

from collections.abc import Callable

from baton.command_api.commands import NewDefinition, create_definition, update_definition
from baton.command_api.own.definitions.format.read_definition import DefinitionRead
from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State
from baton.domain.errors import Invalid
from baton.domain.nearest_name import did_you_mean
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.testing.documents import Document, read_documents, refused


class Definitions:
    """The definitions that a test has applied.

    Attributes:
        slugs: The slugs by the definitions' ids.
    """

    def __init__(self, user: Principal, new_id: Callable[[], str]) -> None:
        self.slugs: dict[str, str] = {}
        self._user = user
        self._new_id = new_id

    async def apply(self, services: Services, document: Document, now: int) -> None:
        """Create or update definitions; raises ValueError, which names every fault.

        Args:
            services: Of the engine.
            document: The definitions.
            now: The time of the engine, in ms since the epoch.
        """
        for one in read_documents(document):
            try:
                await self._publish(services, one.read, now)
            except Invalid as invalid:
                faults = [one.read.in_document(fault) for fault in invalid.faults]
                raise refused(one.name, faults) from None

    async def load(self, services: Services, slug: str) -> State:
        """Return the definition of a slug; raises LookupError."""
        ident = self._id_of(slug)
        if ident is None:
            hint = did_you_mean(slug, self.slugs.values())
            raise LookupError(f"no definition {slug!r} was applied{hint}")
        stream = stream_name(self._user.tenant, DEFINITION.name, ident)
        return (await load(services.store, DEFINITION, stream)).state

    async def _publish(self, services: Services, read: DefinitionRead, now: int) -> None:
        slug = read.slug or ""
        ident = self._id_of(slug)
        if ident is not None:

            def change(seen: State) -> Body:
                return read.replacing(seen.body)

            await update_definition(
                services, self._user, ident, change, at=now, secrets=read.secrets
            )
            return
        ident = self._new_id()
        new = NewDefinition(
            definition_id=ident, slug=slug, body=read.created(), secrets=read.secrets
        )
        await create_definition(services, self._user, new, at=now)
        self.slugs[ident] = slug

    def _id_of(self, slug: str) -> str | None:
        return next((ident for ident, known in self.slugs.items() if known == slug), None)
