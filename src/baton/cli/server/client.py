"""The HTTP client of the verbs that work with a server."""

import json
import os
import ssl
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.client import (
    BadStatusLine,
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
)
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import SplitResult, urlencode, urlsplit

import typer

from baton.cli import dev_session
from baton.cli.load_settings import load_settings
from baton.cli.option_checks import is_header_word, is_server_address
from baton.cli.server.refusals import BAD_REQUEST, Asked, Subject, refusal
from baton.cli.terminal.failures import Failed
from baton.protocols.api_key_text import parse_key
from baton.protocols.loopback import is_loopback

Source: TypeAlias = Literal["flag", "environment", "folder", "default"]
"""The origin of an address or a token; "folder" is its baton.toml or the session of `dev`."""

TIMEOUT_S = 30.0
JSON = "application/json"
_OK, _ERRORS = 300, 500


class Unreachable(Failed):
    """The server didn't answer: it isn't running, is restarting, or has another address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server's address, with the token and the tenant of the requests.

    `session` is the folder of the `dev` session that the address comes from, None for another one.
    """

    url: str
    token: str
    tenant: str
    session: Path | None = None
    timeout_s: float = TIMEOUT_S

    def get(self, path: str, about: Subject | None = None, /, **query: object) -> Any:
        """Return the document at `path`, requested with the values of `query` that aren't None.

        Raises the errors of `call`.
        """
        parameters = {name: value for name, value in query.items() if value is not None}
        return self.call(
            "GET", f"{path}?{urlencode(parameters)}" if parameters else path, about=about
        )

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        media: str = JSON,
        headers: Mapping[str, str] | None = None,
        about: Subject | None = None,
        of_options: bool = False,
    ) -> Any:
        """Return the response's document, None if it is empty.

        Raises ServerRefused, Unreachable, BadParameter (see `of_options`), and Failed for a
        response that isn't Baton's.

        Args:
            method: The HTTP method.
            path: Path and query behind the server's address.
            body: Sent as JSON, if it isn't None.
            media: The media type of the body.
            headers: Further headers.
            about: The subject that messages name.
            of_options: Whether the body consists of option values: the refusal of such a body is a
                usage error (BadParameter).
        """
        raw = None if body is None else json.dumps(body).encode()
        sent = {
            "Authorization": f"Bearer {self.token}",
            "X-Tenant": self.tenant,
            "Accept": JSON,
            **({} if raw is None else {"Content-Type": media}),
            **(headers or {}),
        }
        address = urlsplit(self.url)
        connection = _connection(address, self.timeout_s)
        try:
            connection.request(method, address.path.rstrip("/") + path, raw, sent)
            response = connection.getresponse()
            document = self._read(response, response.read())
        except (OSError, HTTPException) as error:
            raise Unreachable(self._unreachable(error)) from error
        finally:
            connection.close()
        if response.status < _OK:
            return document
        asked = Asked(url=self.url, path=path, tenant=self.tenant, about=about)
        refused = refusal(asked, response.status, document, response.getheader("Retry-After"))
        if of_options and refused.status == BAD_REQUEST:
            raise typer.BadParameter(str(refused))
        raise refused

    def latest(self) -> "Server":
        """Return this server at the address that its session names now: a restart may change it."""
        url = None if self.session is None else dev_session.read_url(self.session)
        if url is None or not is_loopback(urlsplit(url).hostname or ""):
            return self
        return replace(self, url=url)

    def _read(self, response: HTTPResponse, raw: bytes) -> Any:
        try:
            return json.loads(raw) if raw else None
        except ValueError:
            if response.status >= _ERRORS:
                return None  # a proxy's page
            moved = response.getheader("Location")
            to = f" to {moved}, where it points" if moved else ""
            raise Failed(f"The server at {self.url} is not Baton: set --url{to}") from None

    def _unreachable(self, error: Exception) -> str:
        if isinstance(error, ssl.SSLError):
            reason = f"{self.url} has no trusted certificate or no TLS ({error})"
            return f"{reason}: set --url to its name in the certificate, or to http://…"
        if isinstance(error, TimeoutError):
            return f"{self.url} did not answer within {self.timeout_s:g} s: try again"
        if isinstance(error, BadStatusLine) and not isinstance(error, ConnectionError):
            reason = f"The server at {self.url} does not speak HTTP ({type(error).__name__})"
            return f"{reason}: set --url (https://… for a server with TLS)"
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it closed"
        return f"No server answers at {self.url} ({reason}): start `baton dev`, or set --url"


def connect(url: str | None, token: str | None, tenant: str | None) -> Server:
    """Return the server named by flags, settings or the session of `dev`; raises Failed."""
    settings = load_settings(url=url, token=token)
    folder = settings.data_folder
    configured = settings.url if "url" in settings.model_fields_set else None
    session = dev_session.read_url(folder)
    address = configured or session or settings.url
    secret = settings.token.get_secret_value() if settings.token else dev_session.read_token(folder)
    if secret is None:
        raise Failed(
            f"There is no token in {folder}: start `baton dev` there, set BATON_DATA to the folder"
            " of another one, or set --token"
        )
    if not is_server_address(address):
        raise Failed(f"{address!r} is not the address of a server: set BATON_URL=http://HOST:PORT")
    if not is_header_word(secret):
        raise Failed("The token isn't printable ASCII without blanks: set BATON_TOKEN to one")
    sources = (
        _source("url", flag=url, folder=configured or session),
        _source("token", flag=token, folder=secret),
    )
    require_one_source(*sources, address=address, session=session)
    return Server(
        url=address.rstrip("/"),
        token=secret,
        tenant=tenant or _tenant_of(secret),
        session=folder if configured is None and session is not None else None,
    )


def find_server(url: str | None, token: str | None, tenant: str | None) -> Server | None:
    """Return the server for a verb that also works without one.

    Returns None if `url` isn't given and no server can be found; with `url`, raises the errors of
    `connect`.
    """
    if url is not None:
        return connect(url, token, tenant)
    try:
        settings = load_settings()
        running = dev_session.read_url(settings.data_folder) is not None
        if "url" in settings.model_fields_set or running:
            return connect(None, token, tenant)
    except (Failed, typer.BadParameter):
        pass
    return None


def require_one_source(
    address_from: Source, token_from: Source, *, address: str, session: str | None
) -> None:
    """Raise BadParameter if a token would go to an address that another party chose.

    The folder may come from another party's repository. Its address never gets the token of the
    environment, and gets a token given by flag only if it is on this machine. The folder's token is
    sent to this machine only.

    Args:
        address_from: The source of the address.
        token_from: The source of the token.
        address: The address.
        session: The address of the server that stored the folder's token, if it runs.
    """
    sources = (address_from, token_from)
    local = is_loopback(urlsplit(address).hostname or "") or address == session
    if sources == ("folder", "environment"):
        raise typer.BadParameter(
            f"BATON_TOKEN is set, but the address {address} comes from this folder: give --url, or"
            " unset BATON_TOKEN to use the folder's token"
        )
    if local:
        return
    if sources == ("folder", "flag"):
        raise typer.BadParameter(f"the address {address} comes from this folder: give --url, too")
    if sources in {("flag", "folder"), ("environment", "folder")}:
        raise typer.BadParameter(
            f"the folder's token isn't for {address}: give --token or set BATON_TOKEN"
        )


def _source(name: str, *, flag: str | None, folder: str | None) -> Source:
    if flag is not None:
        return "flag"
    variables = {f"BATON_{name.upper()}", f"BATON_{name.upper()}_FILE"}
    if any(each.upper() in variables for each in os.environ):
        return "environment"
    return "default" if folder is None else "folder"


def _connection(address: SplitResult, timeout_s: float) -> HTTPConnection:
    host = address.hostname or ""
    if address.scheme == "https":
        return HTTPSConnection(host, address.port, timeout=timeout_s)
    return HTTPConnection(host, address.port, timeout=timeout_s)


def _tenant_of(token: str) -> str:
    """Return the only tenant of a token or API key, without verifying it. Raises Failed."""
    tenants = _tenants_of(token)
    if len(tenants) == 1:
        return tenants[0]
    valid = f"is valid for {', '.join(tenants)}" if tenants else "names no tenant"
    raise Failed(f"The token {valid}: choose with --tenant")


def _tenants_of(token: str) -> list[str]:
    key = parse_key(token)
    if key is not None:
        return [key.tenant]
    try:
        payload = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        tenant = claims["tenant"]
    except (IndexError, NotBase64, ValueError, KeyError, TypeError):
        return []
    return [str(name) for name in (tenant if isinstance(tenant, list) else [tenant])]
