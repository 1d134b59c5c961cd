"""GET /audit/proof: proves that the log contains the history of a run, unchanged.

The proof is the audit path (RFC 6962) of the leaf of the run's last sealed event, which commits to
all events of the run in their order. With an export of the run, `baton audit verify --export FILE
--proof FILE` checks it without a server.
"""

from typing import Final

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.load import load_run
from baton.command_api.http.query_parameters import integer, single
from baton.command_api.http.refusal import Refused, refused_field
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.audit.tree_heads import MAX_SIZE
from baton.command_api.principal import READ
from baton.domain.stream import stream_name
from baton.eventlog.notary.proofs.prove import prove_stream

NEWEST: Final = 0
"""Selects the newest head, if the request names none."""


class RunProofShown(BaseModel):
    """The proof of a run; hashes are lowercase hex."""

    proof: str
    head: str = Field(description="The signed head, a note (C2SP tlog-checkpoint)")
    stream: str
    version: int
    position: int
    index: int
    leaf: str
    path: list[str] = Field(description="The audit path, from the leaf to the root")


async def _prove(context: RequestContext) -> Reply:
    run_id = single(context.query, "run")
    if not run_id:
        message = "run must name a run"
        raise refused_field(message, "run")
    size = integer(context.query, "head", NEWEST, at_least=NEWEST, at_most=MAX_SIZE)
    run = await load_run(context, run_id)
    leaves = context.services.leaves
    if size and await leaves.head(size) is None:
        message = f"There is no head of {size} leaves; GET /audit/tree-heads lists them"
        raise Refused("not_found", message)
    stream = stream_name(context.tenant, "run", run.id)
    proof = await prove_stream(leaves, stream, size=size or None)
    if proof is None:
        message = "No signed head covers the run yet; ask again in a second"
        if size:
            message = f"The head of {size} leaves is older than the run; take a later one, or none"
        raise Refused("conflict", message)
    return Reply(status=200, body=proof.raw)


ROUTES = (
    Route(
        method="GET",
        path="/audit/proof",
        handler=_prove,
        operation_id="proveRun",
        scope=READ,
        summary="Prove that the history of a run stands in the log, unchanged",
        tag="Audit",
        response=RunProofShown,
        query=(
            QueryParameter(
                name="run", schema={"type": "string"}, description="The id of the run; required"
            ),
            QueryParameter(
                name="head",
                schema={"type": "integer", "minimum": 0, "maximum": MAX_SIZE},
                description="The size of the head; the newest without it",
            ),
        ),
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such run, or there is no such head",
            409: "No signed head covers the run yet, or this one doesn't",
        },
    ),
)
