"""Clients that openapi-python-client generates from OpenAPI documents, without its command line."""

import importlib
import json
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.strings import ClassName, snake_case

from baton.command_api.dialect.contract import Dialect, Route
from baton.command_api.dialect.openapi import document_of, operation_id

LINES_ARE_TEXT = {"application/x-ndjson": "text/plain"}
"""The generator knows no NDJSON, so users of it configure this: a body of lines is a text."""


@dataclass(frozen=True, slots=True)
class GeneratedCode:
    """The code of one document: each operation's module by its name, and the models' module.

    `warnings` are the generator's, about what it left out or couldn't read.
    """

    package: str
    operations: Mapping[str, ModuleType]
    models: ModuleType
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
    return GeneratedCode(
        package=package,
        operations=_operations(package),
        models=importlib.import_module(f"{package}.models"),
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
        if body is not None:
            parameters["body"] = self._model(route).from_dict(body)
        function = self.code.operations[module_of(route)].asyncio_detailed
        return await function(*path, client=self.connection, **parameters)

    def _model(self, route: Route) -> Any:
        paths: Any = document_of(self.dialect)["paths"]
        content = paths[route.path][route.method.lower()]["requestBody"]["content"]
        name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
        return getattr(self.code.models, ClassName(name, ""))


def module_of(route: Route) -> str:
    """Return the name of the module that the generator makes of an operation."""
    return snake_case(operation_id(route))
