"""Serves the page of the UI and its files: open routes, because none of them holds data.

Every path below `/ui` is the same page, which reads the path itself; `/` redirects to it. The
policy lets the page load from this server alone. Trusted Types forbid markup made of text; the one
policy that a script may create makes the address of the worker that lays out graphs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web

from baton.command_api.admission.admission import ADMISSION
from baton.command_api.http.refusal import Refused
from baton.command_api.ui.static_files import BASE, ICON, StaticFile, StaticFiles, static_files

WORKER_POLICY: Final = "baton-worker"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; worker-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'; require-trusted-types-for 'script';"
    f" trusted-types {WORKER_POLICY}"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_REVALIDATED: Final = "no-cache"
_ACCEPTS_GZIP: Final = re.compile(r"(?:^|,)\s*(?:gzip|\*)\s*(?:$|,|;\s*q=(?!0(?:\.0*)?\s*(?:$|,)))")


def add_pages(app: web.Application) -> None:
    """Add the routes of the page and its files, behind those of `/ui/session`."""
    pages = _Pages(static_files())
    router = app.router
    router.add_get("/", pages.root)
    router.add_get("/favicon.ico", pages.icon)
    router.add_get(f"{BASE}/{{version}}/{{path:.+}}", pages.asset)
    router.add_get("/ui", pages.page)
    router.add_get("/ui/{path:(?!(?:assets|session)(?:/|$)).*}", pages.page)


@dataclass(frozen=True, slots=True)
class _Pages:
    """The handlers of one application."""

    files: StaticFiles

    async def root(self, request: web.Request) -> web.Response:
        """Redirect the root of the server to the page."""
        request.app[ADMISSION].check_open(request)
        return web.Response(status=302, headers={**HEADERS, hdrs.LOCATION: "/ui/"})

    async def page(self, request: web.Request) -> web.Response:
        """Answer with the page, or 304 if the browser has this version of it."""
        request.app[ADMISSION].check_open(request)
        tag = f'"{self.files.version}"'
        headers = {**HEADERS, hdrs.CACHE_CONTROL: _REVALIDATED, hdrs.ETAG: tag}
        if request.headers.get(hdrs.IF_NONE_MATCH) == tag:
            return web.Response(status=304, headers=headers)
        return _response(request, self.files.page, headers)

    async def asset(self, request: web.Request) -> web.Response:
        """Answer with a file; raises Refused 404 for an unknown one, or one of another version."""
        request.app[ADMISSION].check_open(request)
        found = self.files.assets.get(request.match_info["path"])
        if found is None or request.match_info["version"] != self.files.version:
            message = "There is no such file in this version of the UI; load the page again"
            raise Refused("not_found", message)
        return _response(request, found, {**HEADERS, hdrs.CACHE_CONTROL: _IMMUTABLE})

    async def icon(self, request: web.Request) -> web.Response:
        """Answer with the icon, for pages that name none; browsers look for it here."""
        request.app[ADMISSION].check_open(request)
        headers = {**HEADERS, hdrs.CACHE_CONTROL: "public, max-age=86400"}
        return _response(request, self.files.assets[ICON], headers)


def _response(request: web.Request, file: StaticFile, headers: Mapping[str, str]) -> web.Response:
    sent = {**headers, hdrs.CONTENT_TYPE: file.content_type, hdrs.VARY: hdrs.ACCEPT_ENCODING}
    accepted = request.headers.get(hdrs.ACCEPT_ENCODING, "").lower()
    if _ACCEPTS_GZIP.search(accepted):
        return web.Response(body=file.gzipped, headers={**sent, hdrs.CONTENT_ENCODING: "gzip"})
    return web.Response(body=file.body, headers=sent)
