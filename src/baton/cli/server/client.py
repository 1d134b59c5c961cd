"""The HTTP client of the verbs that work with a server."""

import json
import os
import ssl
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Literal, TypeAlias
from urllib.parse import SplitResult, urlencode, urlsplit

import typer

from baton.cli import dev_session
from baton.cli.load_settings import load_settings
from baton.cli.terminal.failures import Failed
from baton.protocols.loopback import is_loopback

Source: TypeAlias = Literal["flag", "environment", "folder", "default"]
"""The origin of an address or a token; "folder" is its baton.toml or the session of `dev`."""

TIMEOUT_S = 30.0
JSON = "application/json"
_OK = 300
_UNAUTHORIZED = 401


class ServerRefused(Failed):
    """The server refused the request with the HTTP status `status`."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server's address, with the token and the tenant of the requests."""

    url: str
    token: str
    tenant: str

    def get(self, path: str, **query: object) -> Any:
        """Return the document at `path`, asked for with the values of `query` that aren't None.

        Raises ServerRefused and Failed.
        """
        given = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", f"{path}?{urlencode(given)}" if given else path)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        media: str = JSON,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the response's document, None if it is empty; raises ServerRefused, Failed."""
        raw = None if body is None else json.dumps(body).encode()
        sent = {
            "Authorization": f"Bearer {self.token}",
            "X-Tenant": self.tenant,
            "Accept": JSON,
            **({} if raw is None else {"Content-Type": media}),
            **(headers or {}),
        }
        address = urlsplit(self.url)
        connection = _connection(address)
        try:
            connection.request(method, address.path.rstrip("/") + path, raw, sent)
            response = connection.getresponse()
            return self._read(response, response.read())
        except (OSError, HTTPException) as error:
            raise Failed(self._unreachable(error)) from error
        finally:
            connection.close()

    def _read(self, response: HTTPResponse, raw: bytes) -> Any:
        try:
            document = json.loads(raw) if raw else None
        except ValueError:
            raise Failed(f"The server at {self.url} is not Baton: set --url") from None
        if response.status < _OK:
            return document
        raise ServerRefused(self._reason(response.status, document), response.status)

    def _reason(self, status: int, document: Any) -> str:
        if status == _UNAUTHORIZED:
            return f"{self.url} does not accept this token: set --token (`baton token` creates one)"
        refusal = document if isinstance(document, dict) else {}
        message = str(refusal.get("message") or f"{self.url} answered {status}")
        details = refusal.get("details") or ()
        faults = [f"{one.get('field')} {one.get('message')}" for one in details]
        return f"{message}: {'; '.join(faults)}" if faults else message

    def _unreachable(self, error: Exception) -> str:
        if isinstance(error, ssl.SSLError):
            return f"{self.url} has no trusted certificate or no TLS: {error}"
        if isinstance(error, TimeoutError):
            return f"{self.url} did not answer within {TIMEOUT_S:g} s: try again"
        return f"No server answers at {self.url}: start one with `baton dev`, or set --url"


def connect(url: str | None, token: str | None, tenant: str | None) -> Server:
    """Return the server named by flags, settings or the session of `dev`; raises Failed."""
    settings = load_settings(url=url, token=token)
    folder = settings.data_folder
    named = settings.url if "url" in settings.model_fields_set else None
    session = dev_session.read_url(folder)
    address = named or session or settings.url
    secret = settings.token.get_secret_value() if settings.token else dev_session.read_token(folder)
    if secret is None:
        raise Failed(f"There is no token in {folder}: start `baton dev` there, or set --token")
    _check_address(address)
    sources = (
        _source("url", flag=url, folder=named or session),
        _source("token", flag=token, folder=secret),
    )
    require_one_source(*sources, address=address, session=session)
    return Server(url=address.rstrip("/"), token=secret, tenant=tenant or _tenant_of(secret))


def require_one_source(
    address_from: Source, token_from: Source, *, address: str, session: str | None
) -> None:
    """Raise BadParameter if a token would go to an address that another party chose.

    A folder may come from a repository of others: its address gets no token of the environment, and
    no token given by flag unless it is this machine's. The folder's token goes to no other machine.

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


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise Failed(f"{url!r} is not the address of a server: write http://HOST:PORT")


def _connection(address: SplitResult) -> HTTPConnection:
    host = address.hostname or ""
    if address.scheme == "https":
        return HTTPSConnection(host, address.port, timeout=TIMEOUT_S)
    return HTTPConnection(host, address.port, timeout=TIMEOUT_S)


def _tenant_of(token: str) -> str:
    """Return the only tenant of a token, without verifying the token. Raises Failed."""
    tenants = _tenants_of(token)
    if len(tenants) == 1:
        return tenants[0]
    valid = f"is valid for {', '.join(tenants)}" if tenants else "names no tenant"
    raise Failed(f"The token {valid}: choose with --tenant")


def _tenants_of(token: str) -> list[str]:
    try:
        payload = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        tenant = claims["tenant"]
    except (IndexError, NotBase64, ValueError, KeyError, TypeError):
        return []
    return [str(one) for one in (tenant if isinstance(tenant, list) else [tenant])]
