"""The trace of a run, where traces are exported."""

from baton.command_api.services import Installation
from baton.domain.json import JsonObject
from baton.projector.traces.keep import Keep
from baton.projector.views.runs.view import Document as Run
from baton.protocols.trace_context import run_context


def render_trace(installation: Installation, run: Run) -> JsonObject:
    """Return the id of the trace, and the address of its page if the installation names one."""
    context = run_context(run.id, run.traceparent)
    if installation.sampling is None or not installation.sampling.exports(context):
        return {}
    if installation.keep is not None and not _is_kept(installation.keep, run):
        return {}
    if installation.trace_url is None:
        return {"traceId": context.trace_id}
    page = installation.trace_url.replace("{trace_id}", context.trace_id)
    return {"traceId": context.trace_id, "traceUrl": page}


def _is_kept(keep: Keep, run: Run) -> bool:
    """Return whether the run has ended and is kept as it ended."""
    if run.completed_at is None:
        return False
    took_ms = run.completed_at - run.requested_at
    return keep.keeps(failed=run.status == "failed", took_ms=took_ms)
