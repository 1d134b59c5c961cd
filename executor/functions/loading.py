"""Loads the functions that a file or module marks with `@function`.

Function processes load them in the same way, so `pool="process"` needs no pickling.
"""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Literal

from baton.executor.functions.arguments import Convert, converter_of
from baton.executor.functions.registry import PythonFunction, function_identity
from baton.executor.sdk import MARK, Mark

_FULL_ARITY = 2
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class FunctionsNotLoaded(Exception):
    """A file or module can't be loaded or declares no function; the message is one line."""


class FunctionFileMissing(FunctionsNotLoaded):
    """A source names a file that doesn't exist."""


def load_functions(source: str) -> list[PythonFunction]:
    """Return the functions that `source` declares, sorted by name; raises FunctionsNotLoaded.

    Args:
        source: A file (`jobs/orders.py`) or a dotted module (`jobs.orders`). For a package, the
            functions of the modules in it that it imports count too. The folder of the file, or for
            a module the working folder, is appended to the import path. A file that was imported
            before, by a test for example, isn't executed again.
    """
    if _is_file(source):
        path = Path(source).resolve()
        origin, modules = str(path), [_module_of_file(source, path)]
    else:
        origin, modules = source, _modules_named(source)
    functions: dict[int, PythonFunction] = {}
    for target in _marked(modules):
        functions.setdefault(id(target), describe(target, origin=origin))
    if not functions:
        raise FunctionsNotLoaded(f"{source} declares no function: mark one with @function")
    return sorted(functions.values(), key=lambda function: function.name)


def describe(target: Callable[..., object], *, origin: str) -> PythonFunction:
    """Return the registry's record of a function marked with `@function`.

    Args:
        target: The marked function.
        origin: The file or module that another process loads it from.

    Raises FunctionsNotLoaded for parameters that a function can't have.
    """
    mark: Mark = getattr(target, MARK)
    uuid, aliases = function_identity(mark.name, mark.id)
    return PythonFunction(
        name=mark.name,
        id=uuid,
        aliases=(*aliases, *mark.aliases),
        run=target,
        runs_in=_runs_in(target, mark),
        arity=_arity(target, mark.name),
        origin=origin,
        limit=mark.limit,
        convert=_converter_of(target, mark.name),
    )


def _is_file(source: str) -> bool:
    return source.endswith(".py") or "/" in source or Path(source).is_file()


def _module_of_file(source: str, path: Path) -> ModuleType:
    if not path.is_file():
        raise FunctionFileMissing(f"{source} is not a file")
    name = f"baton_functions_{sha256(str(path).encode()).hexdigest()[:12]}_{path.stem}"
    loaded = sys.modules.get(name) or _imported_from(path)
    if loaded is not None:
        return loaded
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FunctionsNotLoaded(f"{source} is not a Python file: its name must end in .py")
    _append_to_import_path(path.parent)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise FunctionsNotLoaded(f"{source} can't be loaded: {_one_line(error)}") from error
    return module


def _imported_from(path: Path) -> ModuleType | None:
    """Return the module that was imported from a file, None if none was."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(file, str) and file.endswith(path.name) and Path(file).resolve() == path:
            return module
    return None


def _modules_named(source: str) -> list[ModuleType]:
    _append_to_import_path(Path.cwd())
    try:
        importlib.import_module(source)
    except (Exception, SystemExit) as error:
        raise FunctionsNotLoaded(f"{source} can't be loaded: {_one_line(error)}") from error
    inside = source + "."
    return [
        module
        for name, module in list(sys.modules.items())
        if name == source or name.startswith(inside)
    ]


def _append_to_import_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _marked(modules: list[ModuleType]) -> Iterator[Callable[..., object]]:
    for module in modules:
        for member in list(vars(module).values()):
            if _is_marked(member):
                yield member


def _is_marked(member: object) -> bool:
    try:
        return callable(member) and isinstance(getattr(member, MARK, None), Mark)
    except Exception:  # noqa: BLE001 - a lazy proxy may raise anything
        return False


def _runs_in(target: Callable[..., object], mark: Mark) -> Literal["loop", "thread", "process"]:
    if mark.pool == "process":
        return "process"
    return "loop" if is_async_callable(target) else "thread"


def is_async_callable(target: Callable[..., object]) -> bool:
    """Return whether calling `target`, a function or an object, returns a coroutine."""
    return inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(
        getattr(target, "__call__", None)  # noqa: B004 - the method is inspected, not called
    )


def _arity(target: Callable[..., object], name: str) -> int:
    parameters = inspect.signature(target).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return _FULL_ARITY
    positional = [p for p in parameters if p.kind in _POSITIONAL]
    required = sum(p.default is p.empty for p in positional)
    keywords = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if required > _FULL_ARITY or keywords:
        raise FunctionsNotLoaded(f"function {name!r} must take (payload, context)")
    return min(len(positional), _FULL_ARITY)


def _converter_of(target: Callable[..., object], name: str) -> Convert | None:
    try:
        return converter_of(target)
    except Exception as error:
        message = f"function {name!r}: its first parameter can't be filled: {_one_line(error)}"
        raise FunctionsNotLoaded(message) from error


def _one_line(error: BaseException) -> str:
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
