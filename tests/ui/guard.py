"""Watches a browser context: complaints of its pages, and every address that they ask for."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, WebError

LOUD = {"error", "warning", "assert"}
LOCAL = {"data", "blob", "about"}
"""Schemes of addresses that no server is asked for."""


@dataclass
class Guard:
    """What the pages of a context complained about, and the URLs that they requested.

    Violations of the content security policy and of Trusted Types are errors of the console.
    `allowed` are patterns of complaints that a test expects. No slots, because Playwright marks the
    methods that it calls.
    """

    origin: str
    complaints: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Watch all pages of a context from now on."""
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("page", self._on_page)

    def allow(self, pattern: str) -> None:
        """Expect complaints that match a regular expression."""
        self.allowed.append(pattern)

    @property
    def unexpected(self) -> list[str]:
        """The complaints that no allowed pattern matches."""
        return [
            one
            for one in self.complaints
            if not any(re.search(pattern, one) for pattern in self.allowed)
        ]

    @property
    def foreign(self) -> list[str]:
        """The requested URLs of other servers."""
        server = urlsplit(self.origin).netloc
        parsed = [(url, urlsplit(url)) for url in self.urls]
        return [url for url, one in parsed if one.scheme not in LOCAL and one.netloc != server]

    def check(self) -> None:
        """Fail the test if a page complained, or asked another server for anything."""
        assert not self.unexpected, "\n".join(self.unexpected)
        assert not self.foreign, "\n".join(self.foreign)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in LOUD:
            place = message.location
            where = f"{place['url']}:{place['lineNumber']}"
            self.complaints.append(f"{message.type}: {message.text} at {where}")

    def _on_error(self, error: WebError) -> None:
        self.complaints.append(f"uncaught: {error.error}")

    def _on_request(self, request: Request) -> None:
        self.urls.append(request.url)

    def _on_page(self, page: Page) -> None:
        page.on("websocket", lambda socket: self.urls.append(socket.url))
