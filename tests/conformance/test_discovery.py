"""Backends and transports are found by discovery and chosen by the scheme of an address."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import SecretStr

import baton.backends
from baton.backend_choice import backend_of, is_embedded, transport_of
from baton.backends import backends, transports
from baton.eventlog.ports.backend import StoreLocation
from baton.keys import seal_keys
from baton.settings import Settings

BACKEND = """
from baton.backends.memory.stores import open_stores
from baton.eventlog.ports.backend import Backend, Extra

BACKEND = Backend(
    name="punched_cards",
    schemes=("cards", "cards+reader"),
    address="cards://DRAWER",
    capabilities=frozenset({capabilities}),
    open=open_stores,
    extra=Extra(name="cards", driver="{driver}", technology="Punched cards"),
)
"""
PLACE = StoreLocation(secrets_keys=(b"a key for tests, 32 bytes long..",))


class BackendFolder:
    """A folder on the path of `baton.backends`, into which a test puts a backend."""

    def __init__(self, folder: Path) -> None:
        self._package = folder / "punched_cards"

    def put(self, *capabilities: str, driver: str = "json") -> None:
        self._package.mkdir()
        source = BACKEND.format(capabilities=capabilities, driver=driver)
        (self._package / "__init__.py").write_text(source)


@pytest.fixture
def backend_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BackendFolder]:
    monkeypatch.setattr(baton.backends, "__path__", [*baton.backends.__path__, str(tmp_path)])
    yield BackendFolder(tmp_path)
    sys.modules.pop("baton.backends.punched_cards", None)
    baton.backends.__dict__.pop("punched_cards", None)


def test_every_scheme_belongs_to_one_backend_or_transport() -> None:
    stores = [scheme for backend in backends() for scheme in backend.schemes]
    logs = [scheme for transport in transports() for scheme in transport.schemes]

    assert sorted(stores) == sorted(set(stores))
    assert sorted(logs) == sorted(set(logs))
    chosen = {backend_of(f"{scheme}://x").name for scheme in stores}
    assert chosen == {backend.name for backend in backends()}


async def test_a_backend_that_is_added_is_chosen_by_its_schemes(
    backend_folder: BackendFolder,
) -> None:
    backend_folder.put("durable")

    assert backend_of("cards://left").name == "punched_cards"
    assert backend_of("cards+reader://left").name == "punched_cards"
    stores = await backend_of("cards://left").open(PLACE)
    assert await stores.events.head() == 0
    await stores.close()


def test_an_unknown_scheme_is_answered_with_the_addresses_of_every_backend(
    backend_folder: BackendFolder,
) -> None:
    backend_folder.put()

    with pytest.raises(LookupError, match="no store for pigeon: — use ") as refused:
        backend_of("pigeon://loft")
    for address in ("cards://DRAWER", "sqlite:///PATH", "postgresql://"):
        assert address in str(refused.value)


def test_a_backend_without_its_driver_is_answered_with_the_extra(
    backend_folder: BackendFolder,
) -> None:
    backend_folder.put(driver="no_such_driver")

    with pytest.raises(LookupError) as refused:
        backend_of("cards://left")
    assert str(refused.value) == (
        "Punched cards needs an extra: pip install 'baton-orchestrator[cards]'"
    )
    assert backend_of("memory:").name == "memory"


@pytest.mark.parametrize("capabilities", [(), ("embedded",)])
def test_only_an_embedded_store_has_its_data_folder_in_its_address(
    backend_folder: BackendFolder, capabilities: tuple[str, ...]
) -> None:
    backend_folder.put(*capabilities)
    settings = Settings(data=Path("data"), store="cards:////srv/backend_folder/first")

    assert is_embedded(settings.store_url) is bool(capabilities)
    assert settings.data_folder == Path("/srv/backend_folder" if capabilities else "data")


@pytest.mark.parametrize("capabilities", [(), ("embedded",)])
def test_only_an_embedded_store_has_its_secrets_key_in_a_file(
    backend_folder: BackendFolder, capabilities: tuple[str, ...], tmp_path: Path
) -> None:
    backend_folder.put(*capabilities)
    folder = tmp_path / "data"
    settings = Settings(data=folder, store="cards:", jwt_secret=SecretStr("x" * 32))

    assert [len(key) for key in seal_keys(settings)] == [32]
    assert folder.exists() is bool(capabilities)


def test_a_log_inside_one_process_needs_no_transport() -> None:
    assert transport_of("memory:") is None
    with pytest.raises(LookupError, match="no log for pigeon: — use memory: or kafka://HOST:PORT"):
        transport_of("pigeon://loft")


def test_discovery_imports_no_driver() -> None:
    """Choosing SQLite must not wait for the drivers of the other backends."""
    extras = [*(one.extra for one in backends()), *(one.extra for one in transports())]
    drivers = {extra.driver for extra in extras if extra is not None}

    assert drivers
    assert all(find_spec(driver) for driver in drivers)
    assert not drivers & modules_after_discovery()


def modules_after_discovery() -> set[str]:
    script = (
        "import sys; from baton.backends import backends; list(backends()); print(*sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(ended.stdout.split())
