"""A browser as far as sessions are concerned: it keeps the cookie and the half of one session."""

from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from tests.kit.stack import Response, RunningServer


@dataclass(slots=True)
class SessionClient:
    """Sends requests to one server as its page does; without a session it sends none."""

    server: RunningServer
    cookies: dict[str, str] = field(default_factory=dict)
    half: str | None = None

    @property
    def origin(self) -> dict[str, str]:
        """The headers by which a browser names the page of this server."""
        return {"Origin": self.server.url, "Sec-Fetch-Site": "same-origin"}

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request with the session."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        halves = {} if self.half is None else {"X-Baton-UI": self.half}
        return {**self.origin, **halves, **({"Cookie": cookie} if cookie else {})}

    async def sign_in(self, **credential: str) -> Response:
        """Sign in; an accepted credential begins a session."""
        answer = await self.call("POST", "/ui/session", json=credential)
        if answer.status == 201:
            self.half = answer.body["half"]
            self.keep(answer)
        return answer

    def keep(self, answer: Response) -> None:
        """Keep or drop the cookies of a response."""
        for name, morsel in SimpleCookie(answer.headers.get("Set-Cookie", "")).items():
            if morsel.value:
                self.cookies[name] = morsel.value
            else:
                self.cookies.pop(name, None)

    async def call(self, method: str, path: str, **more: Any) -> Response:
        """Send a request; `headers` replace those of the session, None removes one."""
        changed = more.pop("headers", {})
        sent = {k: v for k, v in {**self.headers, **changed}.items() if v is not None}
        return await self.server.call(method, path, headers=sent, anonymous=True, **more)

    async def get(self, path: str, **more: Any) -> Response:
        return await self.call("GET", path, **more)
