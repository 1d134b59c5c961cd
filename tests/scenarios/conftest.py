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
from tests.scenarios.route_cases import PreparedRoute, PreparedRoutes, RouteCase
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


@pytest.fixture(params=["token", "key"])
def credential(request: pytest.FixtureRequest) -> str:
    """The credential that clients send."""
    return str(request.param)


@pytest_asyncio.fixture(loop_scope="module")
async def idle_for_each(credential: str, shared_idle: Stack) -> Stack:
    """An idle stack whose clients send tokens, and one whose clients send API keys."""
    return await _sending(credential, shared_idle)


async def _sending(credential: str, stack: Stack) -> Stack:
    if credential == "token":
        return stack
    scopes = (ALL_SCOPES, READ, WRITE, ADMIN, "other:write")
    return await with_keys(stack, (stack.tenant, stack.other_tenant), scopes)


@pytest.fixture(scope="module")
def prepared_routes(idle_of_module: Stack) -> PreparedRoutes:
    """Routes on an idle stack, each prepared once for the tests that change nothing of it."""

    async def own_stack(credential: str) -> Stack:
        return await _sending(credential, replace(idle_of_module, tenant=f"acme-{next(_numbers)}"))

    return PreparedRoutes(own_stack)


@pytest_asyncio.fixture(loop_scope="module")
async def prepared(prepared_routes: PreparedRoutes, case: RouteCase) -> PreparedRoute:
    """The route of the test, for a tenant whose clients send tokens."""
    return await prepared_routes.get(case, "token")


@pytest_asyncio.fixture(loop_scope="module")
async def prepared_for_each(
    prepared_routes: PreparedRoutes, case: RouteCase, credential: str
) -> PreparedRoute:
    """The route of the test, for a tenant whose clients send tokens and one that sends API keys."""
    return await prepared_routes.get(case, credential)


@pytest.fixture
def openapi(stack: Stack) -> CentraliClient:
    return centrali_client(stack, "centrali-openapi")


@pytest.fixture
def reference(stack: Stack) -> CentraliClient:
    return centrali_client(stack, "centrali-reference")
