"""The bodies of requests and replies about sessions."""

from typing import Final

from pydantic import BaseModel, Field

from baton.command_api.dialect.bodies import Model
from baton.command_api.http.refusal import Refused
from baton.command_api.principal import Scope

MAX_TEXT: Final = 8_192
ONE_OF: Final = "Give one of code, token, apiKey, or name and password"


class SignInBody(Model):
    """A credential: a one-time code, a token, an API key, or the name and password of a user."""

    code: str | None = Field(default=None, max_length=MAX_TEXT, repr=False)
    token: str | None = Field(default=None, max_length=MAX_TEXT, repr=False)
    api_key: str | None = Field(default=None, max_length=MAX_TEXT, repr=False)
    name: str | None = Field(default=None, max_length=MAX_TEXT)
    password: str | None = Field(default=None, max_length=MAX_TEXT, repr=False)

    def require_one(self) -> None:
        """Raise Refused 400 unless the body has exactly one kind of credential."""
        given = [self.code, self.token, self.api_key, self.name]
        if sum(one is not None for one in given) != 1:
            raise Refused("validation_error", ONE_OF)
        if (self.name is None) != (self.password is None):
            raise Refused("validation_error", "A name and a password go together")


class SessionBody(BaseModel):
    """A session: the rights of its credential, and when it ends."""

    subject: str
    tenants: list[str]
    scopes: list[Scope]
    expiresAt: str  # noqa: N815 - the names of the JSON


class NewSessionBody(SessionBody):
    """A new session; requests send `half` as X-Baton-UI, together with the cookie."""

    half: str = Field(repr=False)


class CodeBody(BaseModel):
    """A code that opens one session, and the address that signs a browser in with it."""

    code: str = Field(repr=False)
    url: str = Field(repr=False)
    expiresAt: str  # noqa: N815
