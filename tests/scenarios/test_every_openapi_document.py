"""Every OpenAPI document names its operations and describes every refusal; its examples fit."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from baton.command_api.dialect.contract import Dialect
from baton.command_api.dialect.openapi import document_of
from tests.scenarios.route_cases import DIALECTS

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def operations(dialect: Dialect) -> Iterator[dict[str, Any]]:
    paths: Any = document_of(dialect)["paths"]
    for found in paths.values():
        yield from found.values()


@every_dialect
def test_every_operation_has_its_own_id(dialect: Dialect) -> None:
    ids = [operation["operationId"] for operation in operations(dialect)]

    assert len(ids) == len(set(ids)) == len(dialect.routes)
    assert [one for one in ids if not one.isidentifier()] == []


@every_dialect
def test_every_refusal_has_a_schema(dialect: Dialect) -> None:
    bare = [
        (operation["operationId"], status)
        for operation in operations(dialect)
        for status, response in operation["responses"].items()
        if not status.startswith(("1", "2")) and "content" not in response
    ]

    assert bare == []


@every_dialect
def test_every_example_fits_its_schema(dialect: Dialect) -> None:
    for route in dialect.routes:
        for model, example in (
            (route.request, route.request_example),
            (route.response, route.example),
        ):
            if model is not None and example is not None:
                model.model_validate_json(json.dumps(example), strict=True, extra="forbid")
