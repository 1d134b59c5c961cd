"""The stacks that scenarios run on: every deployment, or memory alone where that is enough.

A module shares one stack per deployment; each of its tests works as a tenant of its own.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio

from baton.command_api.principal import ADMIN, READ, WRITE
from baton.domain.actor import Actor
from tests.conformance.deployments import deployments
from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.kit.stack import ALL_SCOPES
from tests.scenarios.stack import Stack, idle_stack, running_stack, with_keys

_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests of a module in one event loop, which their shared stacks need."""
    of_module = pytest.mark.asyncio(loop_scope="module")
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and pytest_asyncio.is_async_test(item):
            item.add_marker(of_module, append=False)


@pytest_asyncio.fixture(params=sorted(deployments()), scope="module", loop_scope="module")
async def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stack]:
    folder = tmp_path_factory.mktemp("shared")
    async with running_stack(folder, backend=request.param) as running:
        yield running


@pytest.fixture
def stack(shared: Stack) -> Stack:
    return replace(shared, tenant=f"acme-{next(_numbers)}")


@pytest_asyncio.fixture(loop_scope="module")
async def memory(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def idle(tmp_path: Path) -> AsyncIterator[Stack]:
    async with idle_stack(tmp_path) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def idle_of_module(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with idle_stack(tmp_path_factory.mktemp("idle")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def shared_idle(idle_of_module: Stack) -> AsyncIterator[Stack]:
    """An idle stack for the many tests of a module, each of which works as a tenant of its own.

    It is released, because the tests of the routes try the one that holds the server, too.
    """
    yield replace(idle_of_module, tenant=f"acme-{next(_numbers)}")
    hold = idle_of_module.services.hold
    if hold.held:
        await hold.end(Actor("tests", "system"), at=idle_of_module.services.clock.now())


@pytest_asyncio.fixture(params=["token", "key"], loop_scope="module")
async def idle_for_each(request: pytest.FixtureRequest, shared_idle: Stack) -> Stack:
    """An idle stack whose clients send tokens, and one whose clients send API keys."""
    if request.param == "token":
        return shared_idle
    return await with_keys(
        shared_idle,
        (shared_idle.tenant, shared_idle.other_tenant),
        (ALL_SCOPES, READ, WRITE, ADMIN, "other:write"),
    )


@pytest.fixture
def openapi(stack: Stack) -> CentraliClient:
    return centrali_client(stack, "centrali-openapi")


@pytest.fixture
def reference(stack: Stack) -> CentraliClient:
    return centrali_client(stack, "centrali-reference")
