"""Functions found in files and modules, and the registry that knows them."""

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
    """A working folder; what tests import from it is forgotten after them."""
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


def test_a_file_may_import_what_lies_beside_it_and_declares_functions_of_every_kind(
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
        ("data.json", "{}", "no Python file"),
    ],
)
def test_a_file_that_is_of_no_use_is_explained_in_one_line(
    folder: Path, name: str, text: str, reason: str
) -> None:
    source = written(folder, name, text)

    with pytest.raises(FunctionsNotLoaded) as raised:
        load_functions(source)

    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("nowhere.py", "nowhere.py is no file"),
        ("./", "./ is no file"),
        ("no.such.module", "No module named 'no'"),
        ("", "can't be loaded"),
    ],
)
def test_what_is_not_there_is_named(folder: Path, source: str, reason: str) -> None:
    with pytest.raises(FunctionsNotLoaded, match=reason):
        load_functions(source)


def test_a_decorated_function_stays_an_ordinary_function() -> None:
    @function("twice")
    def twice(payload: int) -> int:
        return payload * 2

    assert twice(4) == 8
    assert getattr(twice, MARK).name == "twice"


def test_one_name_claimed_by_two_functions_names_both() -> None:
    registry = Registry()
    registry.add(http_function("pay", "https://a.example/pay?token=t0p"))

    with pytest.raises(FunctionNameTaken) as raised:
        registry.add(http_function("pay", "https://b.example/pay"))

    assert "'pay' at https://a.example/pay" in str(raised.value)
    assert "https://b.example/pay" in str(raised.value)
    assert "t0p" not in str(raised.value)


def test_one_id_claimed_by_two_functions_leaves_the_first_alone() -> None:
    registry = Registry()
    first = http_function("pay", "https://a.example/", id="func_1")
    registry.add(first)

    with pytest.raises(FunctionNameTaken, match="func_1"):
        registry.add(http_function("charge", "https://b.example/", id="func_1"))

    assert registry.find("func_1", "acme") is first
    assert registry.find("charge", "acme") is None


def test_a_tenants_function_is_known_to_that_tenant_alone_and_goes_before_the_common_one() -> None:
    registry = Registry()
    common, own = (
        http_function("pay", "https://a.example/"),
        http_function("pay", "https://own.example/"),
    )
    secret = http_function("audit", "https://own.example/audit")
    registry.add(common)
    registry.put(own, tenant="acme")
    registry.put(secret, tenant="acme")

    assert registry.find("pay", "acme") is own
    assert registry.find("pay", "globex") is common
    assert registry.find("audit", "globex") is None
    assert registry.find(secret.id, "globex") is None
    assert registry.names("acme") == ["audit", "pay"]
    assert registry.names("globex") == ["pay"]


def test_putting_a_function_again_replaces_it_under_all_its_ids() -> None:
    registry = Registry()
    registry.put(http_function("pay", "https://a.example/", id="func_1"), tenant="acme")
    second = http_function("pay", "https://b.example/", id="func_2")
    registry.put(second, tenant="acme")

    assert registry.find("func_1", "acme") is None
    assert registry.find("func_2", "acme") is registry.find("pay", "acme") is second

    registry.remove("pay", tenant="acme")

    assert registry.find("pay", "acme") is registry.find("func_2", "acme") is None


def test_a_secret_is_not_shown_with_its_function() -> None:
    assert "whsec_canary" not in repr(
        http_function("pay", "https://a.example/", secret="whsec_canary")
    )
