"""A missing file is wrong usage for every verb: exit code 2, and one line that names the file."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import Call

NAMED_BY_A_COMMAND = (
    "definitions apply none",
    "definitions validate none",
    "import none",
    "backtest none --against orders",
    "backtest orders.json --against orders --stub none",
    "backtest orders.json --against orders --export none",
    "audit verify --since none",
    "audit verify --export none",
    "audit verify --export orders.json --proof none",
    "events send --file none",
    "events send orders/1 --record @none",
    "runs start orders --input @none",
    "runs rerun some-id --outputs @none",
    "dev --functions ./none",
    "worker --queue orders --functions none.py",
)
KAFKA = {"BATON_LOG": "kafka://127.0.0.1:1", "BATON_KAFKA_SECURITY_PROTOCOL": "SSL"}
POSTGRES = "postgresql://db.example/baton?sslrootcert=none"
NAMED_BY_A_SETTING: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("config", {"BATON_PORT_FILE": "none"}),
    ("dev --port 0", {"BATON_FUNCTIONS": "none.py"}),
    ("dev --port 0", {"BATON_DAG_SIGNING_JWKS": "none"}),
    ("deadletters list", {"BATON_STORE": POSTGRES}),
    ("worker --queue q --functions orders.py", {**KAFKA, "BATON_KAFKA_CA_FILE": "none"}),
)


@pytest.fixture(autouse=True)
def folder_with_files(tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text("{}")
    (tmp_path / "orders.py").write_text(
        "from baton import function\n\n\n@function('noted')\ndef noted():\n    return {}\n"
    )


@pytest.mark.parametrize("arguments", NAMED_BY_A_COMMAND)
def test_a_missing_file_that_a_command_names(call: Call, arguments: str) -> None:
    ended = call(*arguments.split())

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), ended.err
    assert "there is no file none" in ended.err


@pytest.mark.parametrize(("arguments", "settings"), NAMED_BY_A_SETTING)
def test_a_missing_file_that_a_setting_names(
    call: Call, monkeypatch: pytest.MonkeyPatch, arguments: str, settings: Mapping[str, str]
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    ended = call(*arguments.split())

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), ended.err
    assert "none" in ended.err


@pytest.mark.parametrize(
    "toml",
    ['port_file = "none"', '[functions.pay]\nurl = "https://pay"\nsecret_file = "none"'],
)
def test_a_missing_file_that_baton_toml_names(call: Call, tmp_path: Path, toml: str) -> None:
    (tmp_path / "baton.toml").write_text(toml)

    ended = call("config")

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith("baton.toml: ")
    assert ended.err.endswith("_file names none: No such file or directory\n")


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("order.json", "there is no file order.json; did you mean 'orders.json'?"),
        (".", ". is a folder: name a file in it"),
        ("none/orders.json", "there is no folder none"),
        ("orders.json/orders.json", "orders.json/orders.json can't be read: Not a directory"),
        ("x" * 300, "can't be read: File name too long"),
    ],
)
def test_the_reason_and_the_nearest_name_are_given(call: Call, file: str, reason: str) -> None:
    ended = call("definitions", "apply", file)

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert reason in ended.err
