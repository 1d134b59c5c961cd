"""StellaOps' Orchestrator API (DOCS-ORCH-33-001): immutable DAG versions, runs, steps, exports.

The document leaves open:

- A DAG is a definition whose slug is the `dagId`; a definition of any dialect reads as one. The
  version of a definition that was made elsewhere is its number, and an update elsewhere publishes
  the next whole number.
- Without a `version` the highest active one is run, not the one that was published last.
- `startedUtc` is the time at which the run was requested, so that the order of a list never
  changes; `from` is inclusive, `to` exclusive.
- Publishing the same version with the same content again answers 200, whatever its signature; the
  first signature stays. `GET` shows the normal form of a DAG, and `definitionHash` is its hash.
- An export is the whole list with its filters; `page_size` and `page_token` are refused with it.
- `/admin/warm` changes no state, so it needs no Idempotency-Key.
- A step's detail shows `outputs` beside their hash; only values over 64 KiB are artifacts.
"""

from functools import partial

from baton.command_api.dialect.check_definition import check_definition
from baton.command_api.dialect.contract import Dialect, FromHeader
from baton.command_api.dialect.definition_format import DefinitionFormat
from baton.command_api.dialects.orchestrator.dag_bodies import PublishDag
from baton.command_api.dialects.orchestrator.errors import WORDS, ErrorBody, render_error
from baton.command_api.dialects.orchestrator.routes import ROUTES

DIALECT = Dialect(
    name="orchestrator",
    title="Orchestrator API",
    bases=("/api/v1/orchestrator",),
    routes=ROUTES,
    render_error=render_error,
    error=ErrorBody,
    tenant=FromHeader(header="X-Stella-Tenant"),
    requires_keys=True,
    check_definition=partial(check_definition, PublishDag, WORDS),
    definitions=DefinitionFormat(
        collection="/dags",
        required=("dagId", "steps"),
        distinctive=("dagId", "edges"),
        functions=("steps[].uses",),
        slug_from="dagId",
        by_version=True,
    ),
)
