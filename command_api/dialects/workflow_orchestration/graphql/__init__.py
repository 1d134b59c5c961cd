"""The GraphQL API of the Workflow Orchestration document: `/graphql`.

POST executes queries and mutations, GET shows the playground, and a WebSocket with the protocol
graphql-transport-ws serves subscriptions, queries and mutations.

The document leaves open, and this API chooses:

- `schema.graphql` beside this module is the whole schema. It also has what REST can do and the
  document shows no operation for: the lists, as connections with cursors, and `update…`, `delete…`,
  `cancel…` and `retry…`.
- Root fields can be null, so that a refused field leaves the others of an operation their data.
- `extensions.code` of an error is the code word of REST, and LIMIT_EXCEEDED past a limit. An id
  that names nothing is null with the code `not_found`.
- `initialContext` takes an object as well as its JSON text. Values over 64 KiB in a context are
  named (`{"$artifact": …}`), and a context that a response has no room for is `{"$omitted": …}`.
- `asOf` in the query string answers queries as of a position or a time. Mutations, subscriptions
  and webhooks refuse it.
- A subscription begins with the present state. It stays open after an execution has ended, because
  a retry reopens it.
- A mutation honors the request's Idempotency-Key. Its response is kept if it has no errors, and no
  secret: a repeated registration of a webhook is performed again, and finds the first one.
"""

from typing import Final

from baton.command_api.dialect.contract import Dialect, FromToken
from baton.command_api.dialects.workflow_orchestration.graphql.errors import Errors, render_error
from baton.command_api.dialects.workflow_orchestration.graphql.routes import ROUTES

GRAPHQL: Final = Dialect(
    name="workflow-orchestration-graphql",
    title="Workflow Orchestration API, GraphQL",
    bases=("/graphql",),
    routes=ROUTES,
    render_error=render_error,
    tenant=FromToken(),
    error=Errors,
)
