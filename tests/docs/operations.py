"""The page of all operations: seed operation, route and test, made from the route tables.

A test says which operations it proves by the marker `operations`. To write the page:
`python -m tests.docs.operations > docs/dialects/operations.md`.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from baton.command_api.dialect.contract import Dialect, Route, discover
from baton.command_api.dialect.openapi import documented_path, operation_id
from baton.command_api.own import own_api

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "dialects" / "operations.md"
_HEAD: Final = """# Operations of each dialect

Every operation of a dialect's document, its route and a test that proves it. A test fails if this
page is stale; `python -m tests.docs.operations > docs/dialects/operations.md` writes it.
"""

Operation = tuple[str, str]
"""The name of a dialect and an operation's id."""


def page() -> str:
    """Return the expected page."""
    proofs = proven()
    return "\n".join([_HEAD, *(_section(dialect, proofs) for dialect in spoken())])


def spoken() -> tuple[Dialect, ...]:
    """Return every dialect and Baton's own API."""
    return (*discover(), own_api())


def operations() -> list[Operation]:
    """Return the operations of every dialect."""
    return [(one.name, operation_id(route)) for one in spoken() for route in one.routes]


def proven() -> dict[Operation, str]:
    """Return the first test of each operation, as a path and a name."""
    found: dict[Operation, str] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name, operation in _marks(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(operation, f"{path.relative_to(ROOT)}::{name}")
    return found


def _marks(tree: ast.Module) -> Iterator[tuple[str, Operation]]:
    """Yield each test of a module with each operation that its markers name."""
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for mark in function.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.operations":
                dialect, *ids = (ast.literal_eval(argument) for argument in mark.args)
                yield from ((function.name, (dialect, one)) for one in ids)


def _section(dialect: Dialect, proofs: Mapping[Operation, str]) -> str:
    rows = "\n".join(_row(dialect, route, proofs) for route in dialect.routes)
    bases = ", ".join(f"`{base or '/'}`" for base in dialect.bases)
    return (
        f"## {dialect.title}\n\n`{dialect.name}`, base {bases}\n\n"
        f"| operation | route | test |\n| --- | --- | --- |\n{rows}\n"
    )


def _row(dialect: Dialect, route: Route, proofs: Mapping[Operation, str]) -> str:
    test = proofs.get((dialect.name, operation_id(route)), "")
    shown = test.removeprefix("tests/").replace(".py::", ": ")
    link = f"[{shown}](../../{test.partition('::')[0]})"
    shown_route = f"{route.method} {documented_path(route.path)}".strip()
    return f"| {route.summary} | `{shown_route}` | {link} |"


if __name__ == "__main__":
    sys.stdout.write(page())
