"""The links that open the web UI: by `baton dev` and by `baton ui`."""

import json
import re
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.cli.conftest import Call
from tests.cli.processes import Dev, dev
from tests.kit.eventually import eventually_blocking

LINK = re.compile(r"(http://127\.0\.0\.1:\d+)/ui/#code=([\w-]{22})")


def browser_in(folder: Path) -> Path:
    """Return a program that writes the address it shall open to the file `opened`."""
    program = folder / "browser"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {folder / "opened"}\n')
    program.chmod(0o700)
    return program


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """Run `baton dev --open`, whose browser notes the address."""
    folder = tmp_path_factory.mktemp("server")
    with dev(folder, "--open", env={"BROWSER": f"{browser_in(folder)} %s"}) as running:
        yield running


def sign_in(url: str, code: str) -> tuple[int, Any]:
    request = Request(f"{url}/ui/session", json.dumps({"code": code}).encode())
    request.add_header("Content-Type", "application/json")
    try:
        with urlopen(request) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def test_the_link_of_dev_opens_one_session_without_naming_the_token(server: Dev) -> None:
    link = LINK.search(server.announced)
    assert link is not None
    opened = server.folder / "opened"
    eventually_blocking(lambda: opened.exists() and opened.read_text() == link[0])

    first, again = sign_in(*link.groups()), sign_in(*link.groups())

    assert (first[0], first[1]["subject"], first[1]["tenants"]) == (201, "dev", ["demo"])
    assert (again[0], again[1]["error"]) == (401, "unauthorized")
    assert server.token not in server.announced + server.log


def test_a_further_link_comes_from_baton_ui_and_opens_in_a_browser(
    ask: Call, server: Dev, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    browser, opened = browser_in(tmp_path), tmp_path / "opened"
    monkeypatch.setattr("webbrowser._tryorder", [])
    monkeypatch.setattr("webbrowser._browsers", {})
    webbrowser.register("tests", None, webbrowser.GenericBrowser([str(browser), "%s"]))

    ended = ask("ui", "--open")

    link = LINK.fullmatch(ended.out.strip())
    assert link is not None
    assert (ended.code, opened.read_text()) == (0, ended.out.strip())
    assert sign_in(*link.groups())[0] == 201
    assert server.token not in ended.out


def test_without_a_browser_the_link_is_still_there(
    ask: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser._tryorder", [])
    monkeypatch.setattr("webbrowser._browsers", {})

    ended = ask("ui", "--open")

    assert LINK.fullmatch(ended.out.strip())
    assert (ended.code, "No browser" in ended.err) == (0, True)


def test_without_a_server_the_failure_says_what_to_do(call: Call) -> None:
    ended = call("ui", "--url", "http://127.0.0.1:1", "--token", "x.y.z", "--tenant", "demo")

    assert (ended.code, ended.out) == (1, "")
    assert "start `baton dev`" in ended.err
