"""Bearer credentials of either kind: a JSON Web Token, or an API key."""

from collections.abc import Coroutine
from typing import Any

from baton.command_api.principal import Identity
from baton.command_api.security.api_keys import ApiKeyAuthenticator
from baton.command_api.security.auth import TokenAuthenticator
from baton.protocols.api_key_text import PREFIX


class BearerAuthenticator:
    """Implements `Authenticator`: the beginning of a credential says which kind it is."""

    __slots__ = ("keys", "tokens")

    def __init__(self, tokens: TokenAuthenticator, keys: ApiKeyAuthenticator) -> None:
        self.tokens, self.keys = tokens, keys

    def identify(self, credential: str) -> Coroutine[Any, Any, Identity]:
        """Return the identity of a token or a key; raises Refused 401, and `Unavailable`."""
        if credential.startswith(PREFIX):
            return self.keys.identify(credential)
        return self.tokens.identify(credential)
