"""Lists by cursors, as GraphQL's connection specification has them; the newest item comes first."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import strawberry

from baton.command_api.dialects.workflow_orchestration.graphql.schema.objects import (
    WorkflowDefinition,
    WorkflowExecution,
)
from baton.domain.frozen import frozen

T = TypeVar("T")


@strawberry.type(description="The place of a page in its list")
class PageInfo:
    """The place of a page in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None = strawberry.field(description="The `after` of the next page")


@strawberry.type(description="A workflow in a list")
class WorkflowDefinitionEdge:
    """A workflow in a list."""

    cursor: str
    node: WorkflowDefinition


@strawberry.type(description="An execution in a list")
class WorkflowExecutionEdge:
    """An execution in a list."""

    cursor: str
    node: WorkflowExecution


@frozen
class Edge(Generic[T]):
    """An item with its cursor."""

    cursor: str
    node: T


@frozen
class Connection(Generic[T]):
    """A page of a list; `count` counts the whole list when it is asked for."""

    edges: Sequence[Edge[T]]
    page_info: PageInfo
    count: Callable[[], Awaitable[int]]


async def _count(root: Connection[object]) -> int:
    return await root.count()


@strawberry.type(description="A page of the workflows")
class WorkflowDefinitionConnection:
    """A page of the workflows."""

    edges: list[WorkflowDefinitionEdge]
    page_info: PageInfo

    total_count = strawberry.field(
        resolver=_count, graphql_type=int, description="The length of the whole list"
    )


@strawberry.type(description="A page of the executions")
class WorkflowExecutionConnection:
    """A page of the executions."""

    edges: list[WorkflowExecutionEdge]
    page_info: PageInfo

    total_count = strawberry.field(
        resolver=_count, graphql_type=int, description="The length of the whole list"
    )


def connection(
    edges: Sequence[Edge[T]],
    *,
    size: int,
    after: str | None,
    count: Callable[[], Awaitable[int]],
) -> Connection[T]:
    """Return a page of `size` items; `edges` may have one more, which isn't part of it.

    Args:
        edges: The items of the page, and the one behind it if there is one.
        size: The size of the page.
        after: The cursor that the page begins behind.
        count: Counts the whole list.
    """
    shown = edges[:size]
    return Connection(
        edges=shown,
        page_info=PageInfo(
            has_next_page=len(edges) > size,
            has_previous_page=after is not None,
            start_cursor=shown[0].cursor if shown else None,
            end_cursor=shown[-1].cursor if shown else None,
        ),
        count=count,
    )
