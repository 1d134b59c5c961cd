"""Functions are loaded from files and modules and registered by name and ids."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from baton.domain.ids import function_uuid
from baton.executor.functions.http_functions import http_function
from baton.executor.functions.loading import FunctionsNotLoaded, load_functions
from baton.executor.functions.registry import FunctionNameTaken, Registry
from baton.executor.sdk import MARK, function

FILE = """
import sibling
from baton.executor.sdk import function

@function("reserve", id="func_abc123", aliases=["res"])
async def reserve(payload, ctx): ...

@function
def ship(payload): ...

@function(pool="process", limit=2)
def pack(): ...

class Callable:
    async def __call__(self, payload, ctx): ...

notify = function("notify")(Callable())
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder; modules imported from it are unloaded after the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def test_a_file_imports_its_neighbors_and_declares_functions_of_every_kind(
    folder: Path,
) -> None:
    written(folder, "jobs/sibling.py", "")
    source = written(folder, "jobs/orders.py", FILE)

    found = load_functions(source)

    assert [(one.name, one.runs_in, one.arity, one.limit) for one in found] == [
        ("notify", "loop", 2, None),
        ("pack", "process", 0, 2),
        ("reserve", "loop", 2, None),
        ("ship", "thread", 1, None),
    ]
    assert found[2].aliases == ("func_abc123", "res")
    assert found[2].id == function_uuid("reserve")
    assert [one.run for one in load_functions(source)] == [one.run for one in found]


def test_a_package_stands_for_the_modules_it_imports(folder: Path) -> None:
    written(folder, "shop/__init__.py", "from shop import orders\n")
    written(
        folder,
        "shop/orders.py",
        "from baton.executor.sdk import function\n@function\nasync def order(): ...\n",
    )

    assert [(one.name, one.origin) for one in load_functions("shop")] == [("order", "shop")]


IMPORTS = """
from dataclasses import dataclass
from baton import StepContext, function

"""
TAKE = "@function('take')\ndef take(order: Order): ..."


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("broken.py", "def (", "SyntaxError"),
        ("raising.py", "raise ValueError('no\\nway')", "ValueError: no way"),
        ("leaving.py", "import sys; sys.exit(1)", "SystemExit: 1"),
        ("wanting.py", "import not_there_at_all", "No module named 'not_there_at_all'"),
        ("empty.py", "def plain(): ...", "declares no function"),
        (
            "greedy.py",
            "from baton.executor.sdk import function\n@function\ndef greedy(a, b, c): ...",
            "'greedy' must take (payload, context)",
        ),
        (
            "named.py",
            "from baton.executor.sdk import function\n@function('')\ndef nameless(): ...",
            "1 to 200 printable characters",
        ),
        (
            "pooled.py",
            "from baton.executor.sdk import function\n@function(pool='swimming')\ndef swim(): ...",
            "swimming",
        ),
        (
            "turned.py",
            f"{IMPORTS}@function\ndef turned(context: StepContext, payload): ...",
            "its first parameter can't be filled: TypeError: the StepContext comes second",
        ),
        (
            "opaque.py",
            f"{IMPORTS}class Opaque: ...\n@dataclass\nclass Order:\n    opaque: Opaque\n\n{TAKE}",
            "'take': its first parameter can't be filled: PydanticSchemaGenerationError: Unable to",
        ),
        (
            "aliased.py",
            f"{IMPORTS}@function(aliases='ab')\ndef f(): ...",
            "a list of texts",
        ),
        ("data.json", "{}", "not a Python file"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_explained_in_one_line(
    folder: Path, name: str, text: str, reason: str
) -> None:
    source = written(folder, name, text)

    with pytest.raises(FunctionsNotLoaded) as raised:
        load_functions(source)

    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_was_imported_shares_its_state_with_its_importers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(folder, "shared_state.py", f"{IMPORTS}STOCK = 5\n@function\ndef look(): ...")
    monkeypatch.syspath_prepend(folder)
    imported = importlib.import_module("shared_state")

    (found,) = load_functions(source)

    assert found.run is imported.look
    assert found.origin == str((folder / "shared_state.py").resolve())


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("nowhere.py", "nowhere.py is not a file"),
        ("./", "./ is not a file"),
        ("no.such.module", "No module named 'no'"),
        ("", "can't be loaded"),
    ],
)
def test_the_error_names_a_source_that_does_not_exist(
    folder: Path, source: str, reason: str
) -> None:
    with pytest.raises(FunctionsNotLoaded, match=reason):
        load_functions(source)


def test_a_decorated_function_stays_an_ordinary_function() -> None:
    @function("twice")
    def twice(payload: int) -> int:
        return payload * 2

    assert twice(4) == 8
    assert getattr(twice, MARK).name == "twice"


def test_the_error_about_a_name_claimed_twice_names_both_functions() -> None:
    registry = Registry()
    registry.add(http_function("pay", "https://a.example/pay?token=t0p"))

    with pytest.raises(FunctionNameTaken) as raised:
        registry.add(http_function("pay", "https://b.example/pay"))

    assert str(raised.value).startswith("'pay' is claimed twice: by 'pay' at https://a.example/pay")
    assert "https://b.example/pay" in str(raised.value)
    assert "t0p" not in str(raised.value)


def test_a_function_whose_id_is_taken_is_not_registered_at_all() -> None:
    registry = Registry()
    first = http_function("pay", "https://a.example/", id="func_1")
    registry.add(first)

    with pytest.raises(FunctionNameTaken, match="func_1"):
        registry.add(http_function("charge", "https://b.example/", id="func_1"))

    assert registry.find("func_1") is first
    assert registry.find("charge") is None


def test_a_secret_is_not_shown_with_its_function() -> None:
    assert "whsec_canary" not in repr(
        http_function("pay", "https://a.example/", secret="whsec_canary")
    )
