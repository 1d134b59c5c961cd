"""A token goes only to an address that comes from the same source."""

from pathlib import Path

import pytest

from tests.cli.conftest import Call

LOCAL, FOREIGN = "http://127.0.0.1:9", "http://192.0.2.1:9"


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / ".baton"
    folder.mkdir()
    (folder / "token").write_text("the.folders.token")
    return folder


@pytest.mark.parametrize("address", [LOCAL, FOREIGN])
@pytest.mark.parametrize("verb", [("runs", "list"), ("definitions", "list"), ("runs", "show", "x")])
def test_a_token_of_the_environment_does_not_go_to_the_address_of_a_folder(
    call: Call, session: Path, monkeypatch: pytest.MonkeyPatch, address: str, verb: tuple[str, ...]
) -> None:
    (session / "url").write_text(address)
    monkeypatch.setenv("BATON_TOKEN", "a.b.c")

    ended = call(*verb)

    assert (ended.code, ended.out) == (2, "")
    assert address in ended.err
    assert "give --url" in ended.err
    assert "a.b.c" not in ended.err


def test_the_token_of_the_environment_does_not_go_to_the_address_in_a_baton_toml(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "baton.toml").write_text(f'url = "{FOREIGN}"\n')
    monkeypatch.setenv("BATON_TOKEN", "a.b.c")

    assert call("runs", "list").code == 2


def test_the_token_of_a_folder_goes_to_no_other_machine(
    call: Call, session: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert session.is_dir()
    assert call("runs", "list", "--url", FOREIGN).code == 2
    monkeypatch.setenv("BATON_URL", FOREIGN)
    assert call("runs", "list").code == 2


def test_an_address_given_by_flag_takes_a_token_of_the_environment(
    call: Call, session: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (session / "url").write_text(FOREIGN)
    monkeypatch.setenv("BATON_TOKEN", "a.b.c")

    ended = call("runs", "list", "--tenant", "acme", "--url", LOCAL)

    assert (ended.code, ended.err.count(LOCAL)) == (1, 1)  # nothing listens there
