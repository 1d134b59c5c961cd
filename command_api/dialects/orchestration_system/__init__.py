"""The Orchestration System API: workflows of tasks, their executions, and schedules.

Its page leaves open, and this dialect chooses:

- A task's id is its name where that is a step id, else `task-N` by its position. `dependsOn` names
  tasks by name or id. Names are unique.
- `PUT` is partial, and takes `status` too, because nothing else could change it. Its reply, like
  that of `GET`, is the whole workflow. Tasks keep the ids and the settings that other dialects gave
  the tasks of the same name (retries, timeouts).
- A workflow that tasks can't express (decisions, delays, conditions, loops) is shown as tasks that
  depend on their predecessors, of the type `decision`, `delay` or `sync`. Tasks that differ from
  those shown are refused (409).
- The `status` of a workflow's task is that of the task in the newest execution.
- A task also has `attempts`, the number of its attempts. `result` is `{"value": …}` for an output
  that isn't an object, `{"error": {"code", "message"}}` for a failed task, and `{"next": task}` for
  a decision.
- An execution's `startedAt` is the time of the request until an executor has started it.
- `description` is "", `config` is {} and `dependsOn` is [] where there is none.
- `nextRunAt` is null while the workflow is a draft or inactive. A cron trigger that another dialect
  gave a workflow is part of the workflow, not a schedule.
- Lists begin with the newest; schedules can be filtered by `workflowId` as executions can.
"""

from functools import partial

from baton.command_api.dialect.check_definition import check_definition
from baton.command_api.dialect.contract import Dialect, FromToken
from baton.command_api.dialect.definition_format import DefinitionFormat
from baton.command_api.dialect.error_words import ErrorBody
from baton.command_api.dialects.orchestration_system.error_words import WORDS
from baton.command_api.dialects.orchestration_system.requests import CreateWorkflow
from baton.command_api.dialects.orchestration_system.routes import ROUTES

DIALECT = Dialect(
    name="orchestration-system",
    title="Orchestration System API",
    bases=("/v1",),
    routes=ROUTES,
    render_error=WORDS.render,
    tenant=FromToken(),
    error=ErrorBody,
    check_definition=partial(check_definition, CreateWorkflow, WORDS),
    definitions=DefinitionFormat(
        collection="/workflows",
        start="/execute",
        required=("name", "tasks"),
        marks=("tasks[].type",),
        functions=("tasks[].type",),
        slug_from="name",
    ),
)
