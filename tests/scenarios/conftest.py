"""The stacks that scenarios run on: in every setting, or over memory where that is no matter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conformance.opening import settings
from tests.scenarios.stack import Client, Stack, idle_stack, running_stack


@pytest.fixture(params=sorted(settings()))
async def stack(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path, backend=request.param) as running:
        yield running


@pytest.fixture
async def memory(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path) as running:
        yield running


@pytest.fixture
async def idle(tmp_path: Path) -> AsyncIterator[Stack]:
    async with idle_stack(tmp_path) as running:
        yield running


@pytest.fixture
def openapi(stack: Stack) -> Client:
    return stack.client("centrali-openapi")


@pytest.fixture
def reference(stack: Stack) -> Client:
    return stack.client("centrali-reference")
