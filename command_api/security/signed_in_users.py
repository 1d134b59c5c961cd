"""The users that tokens of this server name: a removed user is refused before the token expires."""

from baton.command_api.commands.access import user_stream
from baton.command_api.principal import Identity
from baton.command_api.security.access_watch import AccessWatch, Reading
from baton.command_api.security.claims import unauthorized
from baton.command_api.security.identity_cache import IdentityCache
from baton.domain.user.decisions import DECIDER as USER
from baton.eventlog.loops.load import load
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import EventStore


class SignedInUsers:
    """Checks that users still exist; a reading is used while the watch says that it holds."""

    def __init__(self, events: EventStore, watch: AccessWatch, clock: Clock) -> None:
        self._events, self._watch, self._clock = events, watch, clock
        self._known = IdentityCache[Reading]()

    async def require(self, identity: Identity) -> None:
        """Raise Refused 401 if the user of a token was removed, and `Unavailable`."""
        if identity.user_id is None:
            return
        stream = user_stream(identity.tenants[0], identity.user_id)
        key = stream.encode()
        known = self._known.get(key)
        if known is not None and self._watch.holds(known, self._clock.now()):
            return
        reading = self._watch.begin()
        user = (await load(self._events, USER, stream)).state
        if not user.user_id or user.removed:
            raise unauthorized()
        self._known.put(key, reading)
