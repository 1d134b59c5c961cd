"""POST /definitions/{definition}/test-decision: which step a decision would choose for given data.

Nothing is stored and no run is touched.
"""

from typing import Final

from pydantic import BaseModel, Field

from baton.command_api.commands import test_decision
from baton.command_api.dialect.bodies import Model
from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.definitions.load import body_of, load_by_reference
from baton.command_api.own.definitions.versions import MAX_VERSION
from baton.command_api.own.runs.render_step import render_case
from baton.command_api.principal import READ
from baton.domain.json import Json, JsonObject


class DecisionQuestion(Model):
    """A decision, and the data that its conditions see.

    `steps` holds each earlier step by its id, as `{"output": …}`. Without `version`, the decision
    is that of the version in force.
    """

    step_id: str = Field(min_length=1, max_length=64)
    version: int | None = Field(default=None, ge=1, le=MAX_VERSION)
    input: Json = None
    context: JsonObject = Field(default_factory=dict)
    steps: JsonObject = Field(default_factory=dict)


class DecisionTried(BaseModel):
    """The step that a decision would choose, without `next` if the run would end there.

    `case` is the index of the first case whose conditions all hold; without it, `else` applies.
    `evaluations` are the evaluated cases, with the values that they compared. They are empty if the
    conditions of `when` don't hold.
    """

    stepId: str  # noqa: N815 - the names of the JSON
    version: int
    next: str | None = None
    case: int | None = None
    evaluations: list[JsonObject]


async def _try(context: RequestContext) -> Reply:
    body = await context.parse(DecisionQuestion)
    definition = await load_by_reference(context, context.params["definition"])
    version = definition.version if body.version is None else body.version
    graph = body_of(definition, version).graph
    run_input = {} if body.input is None else body.input
    scope = {"input": run_input, "context": body.context, "steps": body.steps}
    result = test_decision(graph, body.step_id, scope)
    shown = {
        "stepId": body.step_id,
        "version": version,
        "next": result.selected,
        "case": result.matched_case_index,
        "evaluations": [render_case(evaluation) for evaluation in result.evaluations],
    }
    return context.reply(200, without_none(shown))


_EXAMPLE: Final[JsonObject] = {
    "stepId": "check",
    "version": 1,
    "next": "fulfill",
    "case": 0,
    "evaluations": [
        {
            "caseIndex": 0,
            "next": "fulfill",
            "matched": True,
            "conditions": [
                {
                    "path": "steps.validate.output.isValid",
                    "operator": "eq",
                    "expected": True,
                    "actual": True,
                    "pathExists": True,
                    "matched": True,
                }
            ],
        }
    ],
}

ROUTES = (
    Route(
        method="POST",
        path="/definitions/{definition}/test-decision",
        handler=_try,
        scope=READ,
        summary="Try which step a decision chooses for given data; nothing is stored",
        operation_id="testDecision",
        tag="Definitions",
        request=DecisionQuestion,
        request_example={"stepId": "check", "steps": {"validate": {"output": {"isValid": True}}}},
        response=DecisionTried,
        example=_EXAMPLE,
        idempotent=False,
        problems={
            400: "Invalid request body, or the step isn't a decision",
            403: "The token lacks the scope",
            404: "There is no such definition, version or step",
        },
    ),
)
