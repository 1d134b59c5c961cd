"""The Workflow Orchestration API: workflows of tasks, their executions, and their progress.

Its page leaves open, and this dialect chooses:

- A definition of any dialect is a workflow. Its sync steps are synchronization points, every other
  step is a task, which depends on the steps after which it may start. Tasks that differ from those
  shown are refused (409) for a workflow with decisions, delays, conditions or loops.
- `PUT` is partial: members that it doesn't name keep their values. Tasks without an id keep that
  of the task of the same name, so that a task may be moved. Dependencies may name synchronization
  points, too.
- A task may name a `function` and its `config`. `resourceRequirements` is an object that the
  function finds in its `config`. `timeout` is null for the default of 300,000 ms.
- A synchronization point's `timeout` counts from the start of the execution, which fails with
  TIMEOUT if the point isn't reached by then; running tasks are cancelled.
- `startTime` of an execution is the time of its request, so that it never changes. A list of tasks
  holds every task, those that haven't begun as PENDING; WAITING is a task in a delay or in the
  backoff before another attempt.
- The id of a task execution is that of the execution and of the task, `{execution}.{task}`. A
  task is retried once its execution has ended.
- `error` of a task is `CODE: message`. `resources` is null.
- `context.data` also holds what functions add to the context, and begins with the input of
  executions that other dialects started.
- Blockers are failed tasks, those that wait, and those that depend on a failed one. Milestones are
  "Initialization", the synchronization points, and "Completion".
- `estimatedCompletion` adds up the median durations of the steps in the ten newest completed
  executions, along the longest path of what remains. That of a completed execution is its end.
- Without a version in path or header the version is 1.
- A webhook without a `secret` gets one. Only the answers of POST and PUT show it; PUT is partial. A
  webhook has `ordered`, too, and its deliveries are listed and redriven under its path. A body is
  that of Standard Webhooks: `{type, timestamp, data}`.
"""

from functools import partial

from baton.command_api.dialect.check_definition import check_definition
from baton.command_api.dialect.contract import Dialect, FromToken
from baton.command_api.dialect.definition_format import DefinitionFormat
from baton.command_api.dialects.workflow_orchestration.errors import (
    MEDIA_TYPE,
    WORDS,
    Problem,
    render_error,
)
from baton.command_api.dialects.workflow_orchestration.graphql import GRAPHQL
from baton.command_api.dialects.workflow_orchestration.requests import CreateWorkflow
from baton.command_api.dialects.workflow_orchestration.routes import ROUTES

DIALECT = Dialect(
    name="workflow-orchestration",
    title="Workflow Orchestration API",
    bases=("/api", "/api/v1", "/api/v2"),
    routes=ROUTES,
    render_error=render_error,
    tenant=FromToken(),
    error=Problem,
    error_content_type=MEDIA_TYPE,
    check_definition=partial(check_definition, CreateWorkflow, WORDS),
    definitions=DefinitionFormat(
        collection="/workflows",
        start="",
        required=("name", "tasks"),
        distinctive=("synchronizationPoints",),
        functions=("tasks[].function",),
        slug_from="name",
    ),
)

DIALECTS = (DIALECT, GRAPHQL)
