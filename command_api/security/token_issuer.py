"""Signs tokens of users who signed in with a password."""

from typing import Final

import jwt

from baton.command_api.principal import IssuedToken
from baton.command_api.security.claims import USER, ExpectedClaims
from baton.domain.user.state import State as User
from baton.eventlog.ports.clock import Clock

LIFETIME_S: Final = 3_600


class TokenIssuer:
    """Signs with the first of the secrets that verify tokens.

    Args:
        secret: The HS256 secret.
        clock: Gives the time of issue.
        expected: The claims that this server expects of a token.
    """

    def __init__(self, secret: str, clock: Clock, expected: ExpectedClaims) -> None:
        self._secret, self._clock, self._expected = secret, clock, expected

    def issue(self, user: User, lifetime_s: int = LIFETIME_S) -> IssuedToken:
        """Return a token with the user's rights, valid for `lifetime_s` seconds."""
        now = self._clock.now() // 1_000
        claims: dict[str, object] = {
            "sub": user.name,
            "tenant": user.tenant,
            "scope": " ".join(user.scopes),
            USER: user.user_id,
            "iat": now,
            "exp": now + lifetime_s,
        }
        expected = {"iss": self._expected.issuer, "aud": self._expected.audience}
        claims.update((name, value) for name, value in expected.items() if value is not None)
        token = jwt.encode(claims, self._secret, algorithm="HS256")
        return IssuedToken(
            token=token, expires_in_s=lifetime_s, subject=user.name, tenant=user.tenant
        )
