"""compose.yaml: its commands and settings exist, its images match, and it holds no secret."""

import re
import tomllib
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree as ET

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from baton.executor.functions.loading import load_functions
from baton.settings import DeclaredFunction, Settings
from tests.docs.pages import ROOT
from tests.docs.test_pages import leaves
from tests.servers.postgres import IMAGE

TEXT = (ROOT / "compose.yaml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
REQUIRED = re.compile(r"\$\{([A-Z_]+):\?[^}]+\}")
SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|_KEY")


class Part(BaseModel):
    """A part of the file; a member unknown to the specification or to Baton is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Condition(Part):
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Health(Part):
    test: list[str] = Field(default_factory=list)
    interval: str = ""
    timeout: str = ""
    retries: int = 0
    start_period: str = ""
    start_interval: str = ""
    disable: bool = False


class Mounted(Part):
    source: str
    target: str


class Service(Part):
    image: str
    restart: str
    stop_grace_period: str
    environment: dict[str, str]
    healthcheck: Health
    command: list[str] = Field(default_factory=list)
    build: str = ""
    init: bool = False
    read_only: bool = False
    cap_drop: list[str] = Field(default_factory=list)
    security_opt: list[str] = Field(default_factory=list)
    tmpfs: list[str] = Field(default_factory=list)
    configs: list[Mounted] = Field(default_factory=list)
    secrets: list[str] = Field(default_factory=list)
    depends_on: dict[str, Condition] = Field(default_factory=dict)
    ports: list[str] = Field(default_factory=list)
    volumes: list[str] = Field(default_factory=list)
    shm_size: str = ""


class Content(Part):
    content: str


class SecretFile(Part):
    file: str


class Compose(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    services: dict[str, Service]
    configs: dict[str, Content]
    secrets: dict[str, SecretFile]
    volumes: dict[str, None]


def parsed() -> Compose:
    document: dict[str, Any] = yaml.safe_load(TEXT)
    return Compose(**{name: part for name, part in document.items() if not name.startswith("x-")})


COMPOSE = parsed()
OURS = {name: one for name, one in COMPOSE.services.items() if one.build}
SERVICES = ("api", "executor", "projector", "scheduler", "worker")


def test_compose_starts_every_service_and_its_servers() -> None:
    assert {*OURS} == {*SERVICES, "migrate"}
    assert {*COMPOSE.services} - {*OURS} == {"postgres", "kafka"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_command_is_a_verb_with_known_options(name: str) -> None:
    verb, *words = OURS[name].command
    options = {word for word in words if word.startswith("-")}

    assert verb == name
    assert options <= leaves()[f"baton {verb}"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_is_a_setting(name: str) -> None:
    for variable in OURS[name].environment:
        prefix, _, field = variable.partition("_")
        assert prefix == "BATON"
        assert field.lower().removesuffix("_file") in Settings.model_fields, variable


def test_each_service_gets_what_it_uses() -> None:
    with_store = {name for name, one in OURS.items() if "BATON_STORE" in one.environment}
    with_secret = {name for name, one in OURS.items() if "BATON_JWT_SECRET_FILE" in one.environment}

    assert with_store == {*OURS} - {"worker"}
    assert (
        with_secret == {name for name, one in OURS.items() if one.secrets} == {"api", "scheduler"}
    )


def test_the_settings_of_compose_are_valid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "jwt_secret"
    secret.write_text("a" * 32)
    for variable, value in OURS["api"].environment.items():
        monkeypatch.setenv(
            variable,
            str(secret) if variable.endswith("_FILE") else REQUIRED.sub("a" * 32, value),
        )

    settings = Settings()

    assert settings.store_url.startswith("postgresql://baton:aaaa")
    assert (settings.log, settings.host) == ("kafka://kafka:9092", "0.0.0.0")


def test_secrets_are_required_and_not_in_the_file() -> None:
    values = [
        (variable, value)
        for one in COMPOSE.services.values()
        for variable, value in one.environment.items()
    ]
    files = [value for variable, value in values if variable.endswith("_FILE")]
    secret = [
        value
        for variable, value in values
        if SECRET.search(variable) and not variable.endswith("_FILE")
    ]
    passwords = [found for _, value in values for found in re.findall(r"://\w+:(.+)@", value)]

    assert secret
    assert {Path(value).name for value in files} == {*COMPOSE.secrets}
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    assert passwords
    assert all(REQUIRED.fullmatch(value) for value in secret + passwords)
    assert re.findall(r"\$\{?\w+", TEXT) == [f"${{{name}" for name in REQUIRED.findall(TEXT)]


def test_the_example_of_secrets_names_each_without_a_value() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    given = dict(line.split("=") for line in lines if line and not line.startswith("#"))

    assert given == dict.fromkeys(REQUIRED.findall(TEXT), "")
    assert "/.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_images_have_the_versions_of_the_tests() -> None:
    pom = ET.parse(ROOT / "tests" / "servers" / "kafka_pom.xml").getroot()
    kafka = pom.findtext("{http://maven.apache.org/POM/4.0.0}version")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert COMPOSE.services["postgres"].image == IMAGE
    assert COMPOSE.services["kafka"].image == f"apache/kafka:{kafka}"
    assert {one.image for one in OURS.values()} == {f"baton:{version}"}
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {
        "python:3.13-slim-bookworm"
    }


@pytest.mark.parametrize("name", sorted({*COMPOSE.services} - {"migrate"}))
def test_every_service_has_a_health_check_and_is_restarted(name: str) -> None:
    one = COMPOSE.services[name]

    assert one.healthcheck.test[0] == "CMD"
    assert one.restart == "unless-stopped"
    if name in OURS:
        port = one.command[one.command.index("--port") + 1]
        assert f":{port}/readyz" in one.healthcheck.test[-1]


@pytest.mark.parametrize("name", sorted(OURS))
def test_containers_of_baton_have_no_privileges(name: str) -> None:
    one = OURS[name]

    assert one.read_only
    assert one.cap_drop == ["ALL"]
    assert one.security_opt == ["no-new-privileges:true"]
    assert re.search(r"^USER baton$", DOCKERFILE, re.MULTILINE)


def test_ports_listen_on_this_machine_alone() -> None:
    ports = [port for one in COMPOSE.services.values() for port in one.ports]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_dependency_exists() -> None:
    for one in COMPOSE.services.values():
        assert {*one.depends_on} <= {*COMPOSE.services}
        assert {volume.partition(":")[0] for volume in one.volumes} <= {*COMPOSE.volumes}
        assert {config.source for config in one.configs} <= {*COMPOSE.configs}
    for name, one in OURS.items():
        ready = "service_healthy" if name == "migrate" else "service_completed_successfully"
        assert {wait.condition for wait in one.depends_on.values()} == {ready}


def test_the_worker_performs_the_functions_of_its_queue() -> None:
    command = OURS["worker"].command
    declared = tomllib.loads(COMPOSE.configs["baton.toml"].content)["functions"]
    performed = load_functions(command[command.index("--functions") + 1])

    assert {name: DeclaredFunction(**one).queue for name, one in declared.items()} == {
        function.name: command[command.index("--queue") + 1] for function in performed
    }
    assert all(declared[function.name]["id"] in function.aliases for function in performed)


def test_the_image_holds_every_package_and_no_tools() -> None:
    linked = {link.name for link in (ROOT / "src" / "baton").iterdir() if link.is_symlink()}
    copied = set(re.findall(r"^COPY (?!--from)(.+) \./\S*$", DOCKERFILE, re.MULTILINE))
    files = {word for line in copied for word in line.split()}
    let_in = (ROOT / ".dockerignore").read_text().splitlines()

    assert {name for name in files if Path(ROOT / name).is_dir()} == {"src", *linked}
    assert {line[1:] for line in let_in if line.startswith("!")} == files
    assert "*" in let_in
    assert "constraints-runtime.txt" in files
    assert "constraints.txt" not in files
