"""The page and the files of the UI: their addresses, their headers, and unknown addresses."""

import gzip
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from baton.command_api.ui.static_files import first_modules, static_files
from tests.api.running import running
from tests.kit.stack import Response, RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    async with running(tmp_path_factory.mktemp("server")) as server:
        yield server


async def fetch(server: RunningServer, path: str, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await server.get(path, anonymous=True, headers={"Accept-Encoding": "identity", **named})


@pytest.mark.parametrize(
    "path", ["/ui", "/ui/", "/ui/runs", "/ui/runs/d3c0?asOf=7", "/ui/sessions"]
)
async def test_every_path_is_the_same_page(server: RunningServer, path: str) -> None:
    answer = await fetch(server, path)

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.raw == static_files().page.body
    assert b"$" not in answer.raw


async def test_the_root_leads_to_the_page(server: RunningServer) -> None:
    answer = await fetch(server, "/")

    assert (answer.status, answer.headers["Location"]) == (302, "/ui/")


@pytest.mark.parametrize(("page", "first"), [("/ui/", "/app.js"), ("/docs", "/docs/docs.js")])
async def test_all_that_a_page_names_is_there_and_may_be_kept_for_good(
    server: RunningServer, page: str, first: str
) -> None:
    text = (await fetch(server, page)).raw.decode()
    named = re.findall(r'<(?:link|script)[^>]+(?:href|src)="([^"]+)"', text)

    assert any(path.endswith(first) for path in named)
    for path in named:
        answer = await fetch(server, path)
        assert answer.status == 200, path
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_a_file_is_sent_compressed_if_the_browser_accepts_it(server: RunningServer) -> None:
    for name in static_files().assets:
        path = f"/ui/assets/{static_files().version}/{name}"
        plain = await fetch(server, path)
        refused = await fetch(server, path, Accept_Encoding="gzip;q=0")
        async with server.session.get(
            server.url + path, headers={"Accept-Encoding": "gzip, br"}, auto_decompress=False
        ) as zipped:
            body = await zipped.read()

        assert zipped.headers["Content-Encoding"] == "gzip", name
        assert gzip.decompress(body) == plain.raw == refused.raw
        assert zipped.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "/ui/assets/{version}/nothing.js",
        "/ui/assets/{version}/index.html",
        "/ui/assets/{version}/docs/index.html",
        "/ui/assets/{version}/../pages.py",
        "/ui/assets/{version}/%2e%2e/pages.py",
        "/ui/assets/{version}/%2Fetc%2Fpasswd",
        "/ui/assets/{version}/app.js%00",
        "/ui/assets/{version}/",
        "/ui/assets/0000000000000000/app.js",
        "/ui/assets/app.js",
        "/ui/assets",
    ],
)
async def test_nothing_else_is_served(server: RunningServer, path: str) -> None:
    answer = await fetch(server, path.replace("{version}", static_files().version))

    assert (answer.status, answer.body["error"]) == (404, "not_found")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/ui/", "/docs", "/ui/assets/{version}/app.js", "/favicon.ico"])
async def test_a_page_and_its_files_have_the_headers_that_protect_them(
    server: RunningServer, path: str
) -> None:
    path = path.replace("{version}", static_files().version)

    head = await server.call("HEAD", path, anonymous=True)
    headers = (await fetch(server, path)).headers

    assert (head.status, head.raw) == (200, b"")
    policy = dict(
        part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Server"] == "baton"
    assert "Access-Control-Allow-Origin" not in headers


async def test_a_browser_that_has_the_page_gets_no_other_copy(server: RunningServer) -> None:
    tag = (await fetch(server, "/ui/")).headers["ETag"]

    answer = await fetch(server, "/ui/", If_None_Match=tag)

    assert (answer.status, answer.raw) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/ui/", "/favicon.ico", "/ui/assets/{version}/app.js"])
async def test_pages_of_other_sites_and_other_hosts_get_nothing(
    server: RunningServer, path: str
) -> None:
    path = path.replace("{version}", static_files().version)

    framed = await fetch(server, path, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")
    rebound = await fetch(server, path, Host="evil.example:8080")

    assert [framed.status, rebound.status] == [403, 421]


async def test_the_modules_needed_first_are_those_of_static_imports() -> None:
    found = {
        "app.js": b"import {a} from './core/a.js';\nconst page = () => import('./pages/late.js');",
        "core/a.js": b"export * from '../vendor/b.js';\nimport {\n  c,\n} from './c.js';",
        "core/c.js": b"import '../app.js';",
        "vendor/b.js": b"",
        "pages/late.js": b"",
    }

    assert first_modules(found, "app.js") == ("app.js", "core/a.js", "vendor/b.js", "core/c.js")
