"""Starts, lists, shows and cancels runs, and shows their steps and artifacts.

A `runToken` names a run of the tenant for ever: the same request again answers like the first time,
and another one with the same token is refused (422), as with an Idempotency-Key.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from aiohttp import web
from pydantic import ConfigDict, Field

from baton.command_api.commands import cancel_run
from baton.command_api.dialect.bodies import Model
from baton.command_api.dialect.lists.ndjson import export, refuse_paging, wants_ndjson
from baton.command_api.dialect.lists.page_tokens import SIZE, TOKEN, token_page
from baton.command_api.dialect.load import load_run
from baton.command_api.dialect.run_values import reply_with_run
from baton.command_api.dialect.start_run import AcceptedRun, accepted_before, start_by_hand
from baton.command_api.dialects.orchestrator import render_runs
from baton.command_api.dialects.orchestrator.dags import MAX_PAGE, find_dag
from baton.command_api.dialects.orchestrator.dags_of_runs import Dag, DagsOfRuns
from baton.command_api.dialects.orchestrator.traces import traceparent_of
from baton.command_api.http.idempotency import REPLAYED
from baton.command_api.http.query_parameters import choice, single
from baton.command_api.http.refusal import Refused, refused_field
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.artifact import Artifact
from baton.domain.errors import InConflict, NotFound, Rejected
from baton.domain.ids import derived_id
from baton.domain.json import JsonObject, same_json
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Status
from baton.protocols.canonical_json import canonical, digest
from baton.protocols.iso_time import parse_time
from baton.protocols.trace_context import derived_traceparent

RUN_TOKEN: Final = "runToken"  # noqa: S105 - a member's name
_BATCH: Final = 200
_HASHED_AT_ONCE: Final = 20
"""Outputs that are hashed on the event loop; more of them may take too long for it."""


class StartRun(Model):
    """The body of POST /runs; without `version` the highest active one is run."""

    model_config = ConfigDict(title="StartRun")

    dag_id: str
    version: str | int | None = None
    inputs: JsonObject = Field(default_factory=dict)
    run_token: str | None = Field(default=None, min_length=1, max_length=255)


class CancelRun(Model):
    """The body of POST /runs/{runId}:cancel, which may be left out."""

    reason: str | None = Field(default=None, min_length=1, max_length=200)


async def start(context: RequestContext) -> Reply:
    """Start a run: 201; raises NotFound, and InConflict without an active version."""
    body = await context.parse(StartRun)
    if body.run_token is None:
        context.require_key()
        run_id = context.new_id()
    else:
        run_id = derived_id("run-token", context.tenant, body.run_token)
    try:
        accepted = await _start(context, body, run_id)
    except Rejected:
        before = None if body.run_token is None else await accepted_before(context, run_id)
        if before is None:
            raise
        accepted = before
    dag = await DagsOfRuns(context).of(accepted.run)
    repeated = accepted.repeated and body.run_token is not None
    if repeated and not _is_same(body, accepted.run, dag):
        message = f"This {RUN_TOKEN} started another run; use a new one"
        raise Refused("idempotency_key_reused", message)
    return context.reply(
        201,
        render_runs.render_run(accepted.run, dag),
        position=accepted.position,
        headers=dict([REPLAYED]) if repeated else None,
    )


async def _start(context: RequestContext, body: StartRun, run_id: str) -> AcceptedRun:
    definition = await find_dag(context, body.dag_id)
    if definition is None:
        raise NotFound("definition", body.dag_id)
    version = None
    if body.version is not None:
        version = definition.number_of(str(body.version))
        if version is None:
            raise NotFound("definition", body.dag_id)
    return await start_by_hand(
        context,
        definition,
        run_input=body.inputs,
        run_id=run_id,
        version=version,
        traceparent=context.traceparent or derived_traceparent(run_id),
    )


def _is_same(body: StartRun, run: Run, dag: Dag) -> bool:
    if body.dag_id != dag.dag_id or (body.version is not None and str(body.version) != dag.version):
        return False
    if isinstance(run.input, Artifact):
        return digest(canonical(body.inputs)) == run.input.sha256
    return same_json(body.inputs, run.input)


async def list_all(context: RequestContext) -> Reply | web.StreamResponse:
    """List runs, the newest first; raises Refused 400."""
    matching = await _matching(context)
    if wants_ndjson(context):
        refuse_paging(context, TOKEN, SIZE)
        return await export(context, _rendered(context, matching), traceparent_of(context))
    page = token_page(context, (int, str), max_size=MAX_PAGE)
    runs: list[Run] = []
    if matching is not None:
        last = None if page.after is None else (int(page.after[0]), str(page.after[1]))
        runs = await matching.behind(context, last, page.size + 1)
    dags, shown = DagsOfRuns(context), runs[: page.size]
    items = [render_runs.render_run_in_list(run, await dags.of(run)) for run in shown]
    more = len(runs) > page.size
    token = page.token((shown[-1].requested_at, shown[-1].id)) if more else None
    return context.reply(200, {"items": items, "nextPageToken": token})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matching:
    """The filters of a list of runs; times are ms since the epoch."""

    definition_id: str | None
    statuses: Sequence[Status]
    requested: tuple[int | None, int | None]

    async def behind(
        self, context: RequestContext, last: tuple[int, str] | None, limit: int
    ) -> list[Run]:
        return await context.services.runs.page_after(
            context.tenant,
            last,
            definition_id=self.definition_id,
            statuses=self.statuses,
            requested=self.requested,
            limit=limit,
        )


async def _matching(context: RequestContext) -> _Matching | None:
    """Return the filters of the query, None for a DAG that doesn't exist; raises Refused 400."""
    status = choice(context.query, "status", tuple(render_runs.STATUSES))
    earliest, before = _time(context, "from"), _time(context, "to")
    dag_id, definition = single(context.query, "dagId"), None
    if dag_id is not None:
        definition = await find_dag(context, dag_id)
        if definition is None:
            return None
    return _Matching(
        definition_id=None if definition is None else definition.definition_id,
        statuses=() if status is None else render_runs.STATUSES[status],
        requested=(earliest, None if before is None else before - 1),
    )


def _time(context: RequestContext, name: str) -> int | None:
    text = single(context.query, name)
    if text is None:
        return None
    try:
        return parse_time(text, UTC)
    except ValueError as error:
        raise refused_field(f"{name} {error}", name) from None


async def _rendered(
    context: RequestContext, matching: _Matching | None
) -> AsyncGenerator[JsonObject, None]:
    last, dags = None, DagsOfRuns(context)
    while matching is not None and (batch := await matching.behind(context, last, _BATCH)):
        for run in batch:
            yield render_runs.render_run_in_list(run, await dags.of(run))
        last = (batch[-1].requested_at, batch[-1].id)


async def show(context: RequestContext) -> Reply:
    """Show a run with the states and hashes of its steps; raises NotFound."""
    run, dag, steps, hashes = await load_steps(context)

    async def render(_inputs: int) -> JsonObject:
        shown = {**render_runs.render_run(run, dag), "inputs": run.input}
        return {**shown, "steps": render_runs.render_steps(run, dag.graph, steps, hashes)}

    return await reply_with_run(context, run, (), render)


async def cancel(context: RequestContext) -> Reply:
    """Cancel a run: 202, without an effect on one that has ended; raises NotFound."""
    body = await context.parse(CancelRun, required=False)
    run_id, status, position = context.params["runId"], "cancelled", None
    try:
        result = await cancel_run(
            context.services, context.principal, run_id, at=context.now(), reason=body.reason
        )
        position = result.position
    except InConflict as conflict:
        if conflict.reason != "run_ended":
            raise
        status = render_runs.STATUS_WORDS[conflict.details["status"]]
    return context.reply(202, {"runId": run_id, "status": status}, position=position)


async def load_steps(
    context: RequestContext,
) -> tuple[Run, Dag, list[Step], render_runs.Hashes]:
    """Return the run that the path names, with its DAG, its history and the hashes of outputs."""
    run = await load_run(context, context.params["runId"])
    dag = await DagsOfRuns(context).of(run)
    steps = await context.services.run_steps.of_run(context.tenant, run.id)
    if len(steps) > _HASHED_AT_ONCE:  # outputs of up to 64 KiB each
        return run, dag, steps, await asyncio.to_thread(render_runs.output_hashes, steps)
    return run, dag, steps, render_runs.output_hashes(steps)
