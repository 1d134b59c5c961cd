"""`baton config` shows each value with its source, and masks secrets."""

import json
from pathlib import Path

import pytest

from baton.protocols.masking import masked, masked_address
from tests.cli.conftest import Call

SECRET = "a secret of the tests that is long enough"


def shown(call: Call, *arguments: object) -> dict[str, tuple[object, str]]:
    ended = call("config", "--json", *arguments)
    assert (ended.code, ended.err) == (0, "")
    return {one["name"]: (one["value"], one["source"]) for one in json.loads(ended.out)}


def test_the_defaults_are_those_of_the_manual(call: Call) -> None:
    values = shown(call)

    assert values["store"] == ("sqlite:///.baton/baton.db", "default")
    assert values["log"] == ("memory:", "default")
    assert values["records_topic"] == ("baton.records", "default")
    assert values["topic_prefix"] == ("baton.", "default")
    assert values["jwt_secret"] == (None, "default")


def test_a_flag_precedes_the_environment_which_precedes_the_file(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "baton.toml").write_text('port = 1111\nhost = "::1"\ndata = "from-file"\n')
    monkeypatch.setenv("BATON_PORT", "2222")
    monkeypatch.setenv("BATON_DATA", "from-environment")

    values = shown(call, "--data", "from-flag")

    assert values["host"] == ("::1", "baton.toml")
    assert values["port"] == (2222, "BATON_PORT")
    assert values["data"] == ("from-flag", "--data")


def test_a_data_folder_given_by_flag_precedes_a_configured_store(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_STORE", "sqlite:///elsewhere/baton.db")

    assert shown(call)["store"] == ("sqlite:///elsewhere/baton.db", "BATON_STORE")
    assert shown(call, "--data", "here")["store"] == ("sqlite:///here/baton.db", "--data")


def test_secrets_are_masked_in_both_forms(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_JWT_SECRET", SECRET)
    monkeypatch.setenv("BATON_TOKEN", "a.bearer.token")
    monkeypatch.setenv("BATON_STORE", "postgresql://baton:hunter2@db/baton")
    (tmp_path / "baton.toml").write_text(
        '[functions.charge]\nurl = "https://pay.example"\nsecret = "whsec_hunter2"\n'
    )

    message = call("config", "--json").out + call("config").out

    assert "postgresql://baton:********@db/baton" in message
    assert "https://pay.example" in message
    assert not [secret for secret in (SECRET, "a.bearer", "hunter2") if secret in message]


@pytest.mark.parametrize(
    ("address", "shown_as"),
    [
        ("postgresql://u:hunter2@db:5432/b", "postgresql://u:********@db:5432/b"),
        ("postgresql://u:hun@ter2@db/b", "postgresql://u:********@db/b"),
        ("postgresql://u:hun/ter2@db/b", "postgresql://u:********@db/b"),
        ("postgresql://u:hun?ter2@db/b", "postgresql://u:********@db/b"),
        ("postgresql://u:1#hunter2@db/b", "postgresql://u:********@db/b"),
        (
            "postgresql://db/b?user=u&password=hunter2&sslmode=disable",
            "postgresql://db/b?user=u&password=********&sslmode=disable",
        ),
        ("postgresql://db/b?user=a@b&password=hunter2", "postgresql://********"),
        ("postgresql://u@db/b", "postgresql://u@db/b"),
        ("postgresql://[::1]:5432/b", "postgresql://[::1]:5432/b"),
        ("kafka://u:hunter2@one:9092,two:9092", "kafka://u:********@one:9092,two:9092"),
        ("kafka://one:9092,two:9092", "kafka://one:9092,two:9092"),
        ("sqlite:///.baton/baton.db", "sqlite:///.baton/baton.db"),
    ],
)
def test_no_form_of_an_address_shows_its_password(address: str, shown_as: str) -> None:
    assert masked({"a": [address]}) == {"a": [shown_as]}
    assert "ter2" not in masked_address(address)


def test_a_setting_may_come_from_a_file(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"store": "postgresql://db/b", "jwt_secret": SECRET, "port": "99"}.items():
        (tmp_path / name).write_text(value + "\n")
        monkeypatch.setenv(f"BATON_{name.upper()}_FILE", str(tmp_path / name))

    values = shown(call)

    assert values["store"] == ("postgresql://db/b", "BATON_STORE_FILE")
    assert values["jwt_secret"] == ("**********", "BATON_JWT_SECRET_FILE")
    assert values["port"] == (99, "BATON_PORT_FILE")


def test_a_setting_of_baton_toml_may_come_from_a_file(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "store": "postgresql://db/b",
        "jwt_secret": SECRET,
        "port": "99",
        "functions": "a.py, b",
        "functions_allow_private": "true",
        "limit_body_s": "1.5",
    }
    for name, value in values.items():
        (tmp_path / name).write_text(value + "\n")
    lines = [f'{name}_file = "{tmp_path / name}"' for name in values]
    declared = ["[functions.pay]", 'url = "https://pay"', f'secret_file = "{tmp_path / "port"}"']
    (tmp_path / "baton.toml").write_text("\n".join([*lines, *declared]))
    monkeypatch.setenv("BATON_LIMIT_BODY_S", "2")

    found = shown(call)

    assert found["store"] == ("postgresql://db/b", "store_file in baton.toml")
    assert found["jwt_secret"] == ("**********", "jwt_secret_file in baton.toml")
    assert found["port"] == (99, "port_file in baton.toml")
    assert found["functions"] == (["a.py", "b"], "functions_file in baton.toml")
    assert found["functions_allow_private"][0] is True
    assert found["limit_body_s"] == (2.0, "BATON_LIMIT_BODY_S")
    declared_functions = found["declared_functions"][0]
    assert isinstance(declared_functions, dict)
    assert declared_functions["pay"]["secret"] == "**********"


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('port = 1\nport_file = "x"', "baton.toml: port and port_file are both set"),
        ("port_file = 1", "baton.toml: port_file must be the path of a file"),
        ('jwt_secert_file = "x"', "did you mean 'jwt_secret_file'?"),
        (
            '[functions.pay]\nurl = "https://pay"\nsecret = "x"\nsecret_file = "none"',
            "baton.toml: [functions.pay] secret and secret_file are both set",
        ),
    ],
)
def test_a_faulty_file_of_baton_toml_is_named(
    call: Call, tmp_path: Path, toml: str, says: str
) -> None:
    (tmp_path / "baton.toml").write_text(toml)

    ended = call("config")

    assert ended.code == 1
    assert says in ended.err


def test_a_setting_and_its_file_are_not_both_set(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_PORT_FILE", "none")
    monkeypatch.setenv("BATON_PORT", "1")

    ended = call("config")

    assert ended.code == 1
    assert "BATON_PORT and BATON_PORT_FILE are both set" in ended.err


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"JWT_JWKS_URL": "http://id.example/keys", "JWT_AUDIENCE": "baton"}, "https://"),
        ({"JWT_JWKS_URL": "https://id.example/keys"}, "jwt_audience is required"),
        ({"JWT_SECRET": f"{SECRET},short"}, "each secret must have at least 32 bytes"),
        ({"SEAL_KEY": "abc"}, "64 hexadecimal digits"),
    ],
)
def test_an_unsafe_setting_is_refused(
    call: Call, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], fault: str
) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(f"BATON_{name}", value)

    ended = call("config")

    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert fault in ended.err


def test_a_key_set_on_this_machine_needs_no_https(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_JWT_JWKS_URL", "http://127.0.0.1:9/keys")
    monkeypatch.setenv("BATON_JWT_AUDIENCE", "baton")

    assert call("config").code == 0


def test_a_pipe_gets_a_line_per_value(call: Call) -> None:
    lines = call("config").out.splitlines()

    assert "port\t8080\tdefault" in lines
    assert "token\t-\tdefault" in lines


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("BATON_PORT", "high", "port (BATON_PORT, or port in baton.toml): Input should be"),
        (
            "BATON_JWT_SECRET",
            "short",
            "jwt_secret (BATON_JWT_SECRET, or jwt_secret in baton.toml):",
        ),
        ("BATON_DECLARED_FUNCTIONS", "{", "The environment can't be read: "),
    ],
)
def test_a_wrong_setting_is_named(
    call: Call, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)

    ended = call("config")

    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert ended.err.startswith(message)


def test_a_file_that_is_not_toml_is_named(call: Call, tmp_path: Path) -> None:
    (tmp_path / "baton.toml").write_text("port = \n")

    ended = call("config")

    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert ended.err.startswith("baton.toml can't be read: ")


@pytest.mark.parametrize(
    ("declared", "fault"),
    [
        ("", "either a url or a queue"),
        ('url = "https://pay.example"\nqueue = "pay"', "either a url or a queue"),
        ('queue = "pay"\ntimeout_ms = 1', "timeout"),
        ('queue = "pay"\nsecret = "whsec_x"', "timeout"),
        ('queue = "to pay"', "pattern"),
    ],
)
def test_a_declared_function_has_either_a_url_or_a_queue(
    call: Call, tmp_path: Path, declared: str, fault: str
) -> None:
    (tmp_path / "baton.toml").write_text(f"[functions.charge]\n{declared}\n")

    ended = call("config")

    assert ended.code == 1
    assert ended.err.startswith("baton.toml: [functions.charge]")
    assert fault in ended.err


def test_a_function_of_a_queue_is_shown(call: Call, tmp_path: Path) -> None:
    (tmp_path / "baton.toml").write_text('[functions.charge]\nqueue = "pay"\n')

    declared, source = shown(call)["declared_functions"]

    assert isinstance(declared, dict)
    assert declared["charge"]["queue"] == "pay"
    assert source == "baton.toml"


@pytest.mark.parametrize(
    "text",
    [
        '[functions]\nmodules = ["orders.py", "shop.jobs"]\n\n[functions.charge]\nqueue = "pay"\n',
        '[functions.charge]\nqueue = "pay"\n[functions]\nmodules = "orders.py, shop.jobs"\n',
        'functions.modules = ["orders.py", "shop.jobs"]\nfunctions.charge.queue = "pay"\n',
    ],
)
def test_files_of_functions_are_loaded_beside_declared_functions(
    call: Call, tmp_path: Path, text: str
) -> None:
    (tmp_path / "baton.toml").write_text(text)

    values = shown(call)

    assert values["functions"] == (["orders.py", "shop.jobs"], "baton.toml")
    declared, source = values["declared_functions"]
    assert isinstance(declared, dict)
    assert (list(declared), source) == (["charge"], "baton.toml")


def test_a_list_of_functions_stands_alone(call: Call, tmp_path: Path) -> None:
    (tmp_path / "baton.toml").write_text('functions = ["orders.py"]\n')

    assert shown(call)["functions"] == (["orders.py"], "baton.toml")


def test_a_function_may_be_called_modules(call: Call, tmp_path: Path) -> None:
    (tmp_path / "baton.toml").write_text('[functions.modules]\nqueue = "pay"\n')

    values = shown(call)

    assert values["functions"] == ([], "default")
    declared, _ = values["declared_functions"]
    assert isinstance(declared, dict)
    assert list(declared) == ["modules"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('stroe = "memory:"', "baton.toml: stroe is unknown; did you mean 'store'?"),
        ("xyz = 1", "baton.toml: xyz is unknown"),
        ("[server]\nport = 1", "baton.toml: server is unknown"),
        (
            '[functions]\nmodule = ["a.py"]',
            "baton.toml: module under [functions] is unknown: write",
        ),
        (
            '[functions.charge]\nurl = "https://pay.example"\ntimeout = 5',
            "baton.toml: [functions.charge] timeout: is unknown; did you mean 'timeout_ms'?",
        ),
        (
            '[functions.charge]\nurl = "https://pay.example"\ntimeout_ms = 0',
            "baton.toml: [functions.charge] timeout_ms: Input should be greater than 0",
        ),
        (
            'functions = ["a.py"]\n[functions.charge]\nqueue = "pay"',
            "baton.toml can't be read: TOML has no place for functions = … beside [functions.NAME]",
        ),
        (
            'functions = "a.py"\n[functions.charge]\nqueue = "pay"',
            "baton.toml can't be read: TOML has no place for functions = … beside [functions.NAME]",
        ),
    ],
)
def test_an_unknown_or_impossible_key_is_refused_with_the_way_out(
    call: Call, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "baton.toml").write_text(f"{text}\n")

    ended = call("config")

    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert ended.err.startswith(message)
    assert "TOML" not in message or "modules = […] under [functions]" in ended.err


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("BATON_STROE", "BATON_STROE is unknown and ignored; did you mean 'BATON_STORE'?\n"),
        (
            "BATON_PORTS_FILE",
            "BATON_PORTS_FILE is unknown and ignored; did you mean 'BATON_PORT_FILE'?\n",
        ),
        ("BATON_QQQ", "BATON_QQQ is unknown and ignored\n"),
        ("BATON_TRACEBACK", ""),
        ("baton_port", ""),
    ],
)
def test_an_unknown_variable_is_named(
    call: Call, monkeypatch: pytest.MonkeyPatch, variable: str, message: str
) -> None:
    monkeypatch.setenv(variable, "1")

    ended = call("config")

    assert (ended.code, ended.err) == (0, message)
