"""Sign-in with a name and a password.

An unknown name gets the same answer after the same time as a wrong password: both cost the same
reads and one verification. Every attempt counts against the budgets of its name and of its peer.
"""

from baton.command_api.budgets import Budgets
from baton.command_api.commands.access import user_claim_stream, user_stream
from baton.command_api.http.refusal import Refused
from baton.command_api.principal import IssuedToken
from baton.command_api.security.passwords import Passwords
from baton.command_api.security.token_issuer import LIFETIME_S, TokenIssuer
from baton.domain.claim.decisions import DECIDER as CLAIM
from baton.domain.stream import SERVER
from baton.domain.text import MAX_NAME, name_fault
from baton.domain.user.decisions import DECIDER as USER
from baton.domain.user.state import State as User
from baton.eventlog.loops.load import load
from baton.eventlog.ports.stores import EventStore


class PasswordSignIn:
    """Exchanges the password of a user for a token.

    Args:
        store: Holds the users.
        issuer: Signs the tokens; None where an identity provider does.
        budgets: The budgets of sign-ins.
    """

    def __init__(self, store: EventStore, issuer: TokenIssuer | None, budgets: Budgets) -> None:
        self._store, self._issuer, self._budgets = store, issuer, budgets
        self._passwords = Passwords()

    async def sign_in(
        self, name: str, password: str, *, peer: str, lifetime_s: int | None = None
    ) -> IssuedToken:
        """Return a token.

        Raises Refused: 401 for a wrong name or password, 404 on a server that signs no tokens, 429
        above the budgets; and `Unavailable`.

        Args:
            name: The user's name.
            password: The password.
            peer: The address of the caller, or its network.
            lifetime_s: Seconds for which the token is valid, None for the usual hour.
        """
        if self._issuer is None:
            message = "This server signs no tokens: sign in at its identity provider"
            raise Refused("not_found", message)
        self._spend(name, peer)
        user = await self._find(name)
        known = bool(user.user_id) and not user.removed
        password_hash = user.password_hash if known else None
        if not await self._passwords.verify(password_hash, password):
            message = "The name or the password is wrong"
            raise Refused("unauthorized", message, headers={"WWW-Authenticate": "Bearer"})
        return self._issuer.issue(user, lifetime_s or LIFETIME_S)

    async def tenant_of(self, name: str) -> str | None:
        """Return the tenant of the user called `name`, None without one; raises `Unavailable`."""
        return (await self._find(name)).tenant or None

    def _spend(self, name: str, peer: str) -> None:
        wait_s = max(
            self._budgets.logins_of_peer.take(peer),
            self._budgets.logins_of_name.take(name[:MAX_NAME]),
        )
        if wait_s:
            message = "Too many logins; try again later"
            raise Refused("rate_limited", message, headers={"Retry-After": str(wait_s)})

    async def _find(self, name: str) -> User:
        """Return the user with a name, the initial state if there is none."""
        claimed = "" if name_fault(name) else name
        holder = (await load(self._store, CLAIM, user_claim_stream(claimed))).state.holder
        return (await load(self._store, USER, holder or user_stream(SERVER, "nobody"))).state
