"""The schema of the GraphQL API; `schema.graphql` is its printed form, which a test compares."""

from collections.abc import Iterator
from typing import Final

import strawberry
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from baton.command_api.dialects.workflow_orchestration.graphql.schema.mutations import Mutation
from baton.command_api.dialects.workflow_orchestration.graphql.schema.plain_fields import Execution
from baton.command_api.dialects.workflow_orchestration.graphql.schema.queries import Query
from baton.command_api.dialects.workflow_orchestration.graphql.schema.scalars import SCALARS
from baton.command_api.dialects.workflow_orchestration.graphql.schema.subscriptions import (
    Subscription,
)


class _UsePrepared(SchemaExtension):
    """Makes strawberry execute the document that was parsed and validated before."""

    def on_parse(self) -> Iterator[None]:
        self.execution_context.graphql_document = self.execution_context.context.document
        self.execution_context.validation_rules = ()
        yield


class _Schema(strawberry.Schema):
    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Do nothing: errors are logged where they are rendered, and only unexpected ones."""


SCHEMA: Final = _Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    extensions=[_UsePrepared],
    execution_context_class=Execution,
    config=StrawberryConfig(scalar_map=SCALARS),
)
