"""Checks the house style where no linter does: sizes of modules and folders, docstrings, names."""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROLES = ("command_api", "executor", "projector", "scheduler")
PRODUCT = ("backends", "domain", "eventlog", "protocols", "src", *ROLES)
EMPTY_NAMES = {"utils", "helpers", "common", "manager", "base", "misc", "types"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module
MODULES_PER_FOLDER = 15
QUESTIONS = ("What", "Who", "Whose", "How", "Where", "Which")
"""Words that no docstring opens with; "Whether" may open the docstring of a boolean property."""
PRIVATE_WORDS = re.compile(
    r"\b(told|anew|nobody|somebody|whoever|seldom|hears?|heard|insists?)\b", re.IGNORECASE
)
FORMER_NAMES = {
    *("GroupPlace", "KeptViews", "OwnPlace", "Teller", "_hear", "_heard", "_insist", "_wary"),
    *("attend", "carefully", "disputes", "fault_paths", "hear", "heard", "insist", "left_by_dev"),
    *("let_go", "look_after", "outdone", "own_paths", "own_runs", "revivals", "run_events_in"),
    *("seldom", "shown_steps", "speak_seldom", "until_over"),
}
"""Names of former versions that readers found puzzling."""


def modules(*folders: str) -> Iterator[tuple[Path, str, ast.Module]]:
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        yield path.relative_to(ROOT), *parsed(path)


@cache
def parsed(path: Path) -> tuple[str, ast.Module]:
    text = path.read_text(encoding="utf-8")
    return text, ast.parse(text)


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


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Yield line and text of each docstring, and whether it is of a property or a constant."""
    for node in ast.walk(tree):
        body: object = getattr(node, "body", None)
        for index, statement in enumerate(body if isinstance(body, list) else ()):
            value = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                first = index == 0 and isinstance(node, Documented)
                yield value.lineno, value.value, not first or is_property(node)


def is_property(node: ast.AST) -> bool:
    decorators = node.decorator_list if isinstance(node, Function) else ()
    return any("property" in ast.unparse(one) for one in decorators)


def comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield each name that a module uses or defines, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.ClassDef(name=name):
                yield node.lineno, name
            case _:
                pass


def test_no_folder_of_the_product_has_more_than_15_modules() -> None:
    paths = (path for path, _, _ in modules(*PRODUCT) if path.name != "__init__.py")
    sizes = Counter(path.parent for path in paths)

    assert [
        f"{folder}: {size} modules" for folder, size in sizes.items() if size > MODULES_PER_FOLDER
    ] == []


def test_no_docstring_of_the_product_opens_with_a_question_word() -> None:
    found = [
        f"{path}:{line} {text.splitlines()[0]}"
        for path, _, tree in modules(*PRODUCT)
        for line, text, of_value in docstrings(tree)
        if (word := text.split(maxsplit=1)[0]) in QUESTIONS or (word == "Whether" and not of_value)
    ]

    assert found == []


def test_docstrings_and_comments_of_the_product_use_no_private_words() -> None:
    found = [
        f"{path}:{line} {prose}"
        for path, text, tree in modules(*PRODUCT)
        for line, prose in (
            *((line, prose) for line, prose, _ in docstrings(tree)),
            *comments(text),
        )
        if PRIVATE_WORDS.search(prose)
    ]

    assert found == []


def test_no_former_name_is_left() -> None:
    found = [
        f"{path}:{line} {name}"
        for path, _, tree in modules(*PRODUCT, "tests", "benchmarks")
        for line, name in (*names(tree), (0, path.stem))
        if name in FORMER_NAMES
    ]

    assert found == []


def test_every_module_has_a_docstring() -> None:
    found = modules(*PRODUCT, "tests", "benchmarks")

    assert [str(path) for path, _, tree in found if not ast.get_docstring(tree)] == []


def test_no_module_has_a_vague_name() -> None:
    paths = [path for path, _, _ in modules(*PRODUCT, "tests", "benchmarks")]

    assert [str(path) for path in paths if {path.stem, *path.parent.parts} & EMPTY_NAMES] == []
