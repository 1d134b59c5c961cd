"""Clients that openapi-python-client generates from OpenAPI documents, without its command line."""

import importlib
import json
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.strings import snake_case

from baton.command_api.dialect.contract import Dialect, Route
from baton.command_api.dialect.openapi import document_of, operation_id

LINES_ARE_TEXT = {"application/x-ndjson": "text/plain"}
"""The generator knows no NDJSON, so users of it configure this: a body of lines is a text."""


@dataclass(frozen=True, slots=True)
class GeneratedCode:
    """The code of one document, with each operation's module by its name.

    `warnings` are the generator's, about what it left out or couldn't read.
    """

    package: str
    operations: Mapping[str, ModuleType]
    warnings: list[str]


def generate_client(dialect: Dialect, folder: Path) -> GeneratedCode:
    """Write a package into `folder`, which must be on the path of modules, and import all of it."""
    package = f"client_of_{dialect.name.replace('-', '_')}"
    document = folder / f"{package}.json"
    document.write_text(json.dumps(document_of(dialect)))
    config = Config.from_sources(
        ConfigFile(post_hooks=[], content_type_overrides=LINES_ARE_TEXT),
        MetaType.NONE,
        document,
        "utf-8",
        overwrite=False,
        output_path=folder / package,
    )
    found = generate(config=config)
    importlib.invalidate_caches()
    importlib.import_module(f"{package}.models")
    return GeneratedCode(
        package=package,
        operations=_operations(package),
        warnings=[f"{one.header}: {one.detail}" for one in found],
    )


def _operations(package: str) -> dict[str, ModuleType]:
    api = importlib.import_module(f"{package}.api")
    modules = pkgutil.walk_packages(api.__path__, f"{api.__name__}.")
    names = [one.name for one in modules if not one.ispkg]
    return {name.rpartition(".")[2]: importlib.import_module(name) for name in names}


@dataclass(frozen=True, slots=True)
class GeneratedClient:
    """Calls the operations of a generated package, each named like `GET /runs/{runId}`."""

    code: GeneratedCode
    dialect: Dialect
    connection: Any

    async def call(self, operation: str, *path: str, body: Any = None, **parameters: Any) -> Any:
        """Send a request and return the generated `Response`.

        Args:
            operation: Method and path of a route.
            path: The values of the path's parameters, in their order.
            body: A JSON object, from which the operation's model is made.
            parameters: Further parameters, by the names that the generator gives them.
        """
        (route,) = (one for one in self.dialect.routes if f"{one.method} {one.path}" == operation)
        function = self.code.operations[module_of(route)].asyncio_detailed
        if body is not None:
            parameters["body"] = _model_of_body(function).from_dict(body)
        return await function(*path, client=self.connection, **parameters)


def _model_of_body(function: Any) -> Any:
    annotation = signature(function).parameters["body"].annotation
    return next(one for one in get_args(annotation) or (annotation,) if hasattr(one, "from_dict"))


def module_of(route: Route) -> str:
    """Return the name of the module that the generator makes of an operation."""
    return snake_case(operation_id(route))
