"""GET /runs/{runId}/logs: what the functions of a run have logged, even while it runs.

An answer holds the lines so far, by attempt. The Accept header chooses text (the default), one JSON
object a line (application/x-ndjson), or `{"lines": […], "after": …}` (application/json). The header
`Baton-Logs-After` (`after` in JSON) is the value of `after` for the next request; it is missing
when no line will follow. With `Prefer: wait=SECONDS` the answer waits for the next line. The lines
of a running attempt are shown by the process that runs it, and by other servers after its end.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

import orjson

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.http.long_poll import preferred_wait_s
from baton.command_api.http.query_parameters import integer, single
from baton.command_api.http.refusal import refused_field
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.logs.cursor import LogCursor, parse_cursor
from baton.command_api.own.logs.reader import LoggedLine, LogPage, LogReader
from baton.command_api.principal import READ
from baton.domain.errors import NotFound
from baton.domain.json import JsonObject
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run

AFTER: Final = "Baton-Logs-After"
NDJSON: Final = "application/x-ndjson"
JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"
MAX_ATTEMPT: Final = 999_999_999
PAUSE_S: Final = 0.1
"""The pause between two reads of the logs of running attempts, in seconds."""
_LOOK_MS: Final = 1_000
_INDENT: Final = "\n    "
_CONTROLS: Final = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"
}


async def _show(context: RequestContext) -> Reply:
    run = await _load_run(context)
    step_id = single(context.query, "step")
    attempt = integer(context.query, "attempt", 0, at_least=1, at_most=MAX_ATTEMPT)
    cursor = _cursor(context)
    if step_id is not None:
        await _require_step(context, run, step_id)

    def wanted(step: Step) -> bool:
        return step_id in (None, step.step_id) and attempt in (0, step.attempt)

    reader = LogReader(context.services, context.tenant, run.id, wanted)
    page = await _read(context, reader, run, cursor)
    return _reply(context, page)


async def _read(context: RequestContext, reader: LogReader, run: Run, cursor: LogCursor) -> LogPage:
    """Return a page with a line, or an empty one at the end of the log or of the preferred wait."""
    services, loop = context.services, asyncio.get_running_loop()
    until = loop.time() + preferred_wait_s(context)
    while True:
        seen = services.position()
        page = await reader.read(run, cursor)
        left_s = until - loop.time()
        if page.lines or page.ended or left_s <= 0:
            return page
        if not reader.is_live:
            await services.reached(seen + 1, min(_LOOK_MS, int(left_s * 1_000)))
        await asyncio.sleep(min(PAUSE_S, max(left_s, 0)))
        run, cursor = await _load_run(context), page.cursor


async def _load_run(context: RequestContext) -> Run:
    run_id = context.params["runId"]
    run = await context.services.runs.get(context.tenant, run_id)
    if run is None:
        raise NotFound("run", run_id)
    return run


async def _require_step(context: RequestContext, run: Run, step_id: str) -> None:
    """Raise NotFound for a step that the run's definition doesn't have."""
    definition = await context.services.definitions.get(context.tenant, run.definition_id)
    version = definition and definition.versions.get(run.definition_version)
    if version and step_id not in version.graph.by_id:
        raise NotFound("step", step_id)


def _cursor(context: RequestContext) -> LogCursor:
    text = single(context.query, "after")
    cursor = LogCursor() if text is None else parse_cursor(text)
    if cursor is None:
        message = f"after must be the {AFTER} header of an earlier answer"
        raise refused_field(message, "after")
    return cursor


def _reply(context: RequestContext, page: LogPage) -> Reply:
    media = next(
        (media for media in (NDJSON, JSON) if media in context.headers.get("Accept", "")), TEXT
    )
    return Reply(
        status=200,
        body=_RENDER[media](page),
        content_type=media,
        headers=() if page.ended else ((AFTER, str(page.cursor)),),
    )


def _text(page: LogPage) -> bytes:
    return b"".join(map(_text_line, page.lines))


def _ndjson(page: LogPage) -> bytes:
    return b"".join([_json_line(line) + b"\n" for line in page.lines])


def _json(page: LogPage) -> bytes:
    lines = [orjson.Fragment(_json_line(line)) for line in page.lines]
    return orjson.dumps(
        {"lines": lines} if page.ended else {"lines": lines, "after": str(page.cursor)}
    )


_RENDER: Final = {TEXT: _text, NDJSON: _ndjson, JSON: _json}


def _json_line(line: LoggedLine) -> bytes:
    """Return the line with its step, visit and attempt in front."""
    step = line.step
    names = {"stepId": step.step_id, "visit": step.visit, "attempt": step.attempt}
    return orjson.dumps(names)[:-1] + b"," + line.raw[1:]


def _text_line(line: LoggedLine) -> bytes:
    """Return the line as text; further lines of its message are indented, controls escaped."""
    step, entry = line.step, orjson.loads(line.raw)
    visit = f"{step.visit}." if step.visit > 1 else ""
    where = f"{step.step_id}[{visit}{step.attempt}]"
    if "omitted" in entry:
        return f"{'…':24} {'':8} {where} {entry['omitted']} lines are left out\n".encode()
    message = entry["message"].translate(_CONTROLS).replace("\n", _INDENT)
    return f"{entry['at']} {entry['level']:8} {where} {message}\n".encode()


def _parameters() -> Iterable[QueryParameter]:
    yield QueryParameter(
        name="step", schema={"type": "string"}, description="Only the attempts at this step"
    )
    yield QueryParameter(
        name="attempt",
        schema={"type": "integer", "minimum": 1, "maximum": MAX_ATTEMPT},
        description="Only the attempts with this number",
    )
    yield QueryParameter(
        name="after",
        schema={"type": "string"},
        description=f"The {AFTER} header of the answer before: continues behind it",
    )


_WORDS: Final[JsonObject] = {"type": "string"}

ROUTES = (
    Route(
        method="GET",
        path="/runs/{runId}/logs",
        handler=_show,
        scope=READ,
        summary="Get what the functions of a run have logged, as text or NDJSON",
        operation_id="getRunLogs",
        tag="Runs",
        query=tuple(_parameters()),
        content={JSON: {"type": "object"}, NDJSON: _WORDS, "text/plain": _WORDS},
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such run, or the run no such step",
        },
    ),
)
