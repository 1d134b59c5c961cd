"""Holds the code to the house style where no linter does: sizes, module docstrings, names."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROLES = ("command_api", "executor", "projector", "scheduler")
PRODUCT = ("backends", "domain", "eventlog", "protocols", "src", *ROLES)
EMPTY_NAMES = {"utils", "helpers", "common", "manager", "base", "misc", "types"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(*folders: str) -> Iterator[tuple[Path, str, ast.Module]]:
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield path.relative_to(ROOT), text, ast.parse(text)


def docstring_lines(tree: ast.AST) -> int:
    documented = (
        node for node in ast.walk(tree) if isinstance(node, Function | ast.ClassDef | ast.Module)
    )
    docstrings = (
        node.body[0] for node in documented if ast.get_docstring(node, clean=False) is not None
    )
    return sum(1 + (docstring.end_lineno or 0) - docstring.lineno for docstring in docstrings)


def body_lines(function: Function) -> int:
    return 1 + (function.end_lineno or 0) - function.body[0].lineno - docstring_lines(function)


def test_no_function_body_is_longer_than_40_lines() -> None:
    nodes = [(path, node) for path, _, tree in modules(*PRODUCT) for node in ast.walk(tree)]
    functions = [(path, node) for path, node in nodes if isinstance(node, Function)]

    assert [f"{path}:{f.lineno} {f.name}" for path, f in functions if body_lines(f) > 40] == []


def test_no_file_is_longer_than_300_lines() -> None:
    sizes = [
        (path, text.count("\n") - docstring_lines(tree)) for path, text, tree in modules(*PRODUCT)
    ]

    assert [f"{path}: {size} lines" for path, size in sizes if size > 300] == []


def test_every_module_says_what_it_is_for() -> None:
    found = modules(*PRODUCT, "tests", "benchmarks")

    assert [str(path) for path, _, tree in found if not ast.get_docstring(tree)] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    paths = [path for path, _, _ in modules(*PRODUCT, "tests", "benchmarks")]

    assert [str(path) for path in paths if {path.stem, *path.parent.parts} & EMPTY_NAMES] == []
