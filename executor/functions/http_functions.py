"""Functions behind a URL: the payload is posted as JSON, the response's JSON is the output.

A 2xx response without a body has the output null. Status 408, 425, 429 and 5xx, timeouts, broken
connections and invalid JSON are retried by the step's retry policy. Any other status fails the step
for good.
"""

import orjson

from baton.domain.run.outcome import Failed, Succeeded
from baton.eventlog.ports.clock import Clock
from baton.executor.functions.call import Call, CallOutcome
from baton.executor.functions.registry import (
    DEFAULT_HTTP_TIMEOUT_MS,
    HttpFunction,
    function_identity,
)
from baton.executor.functions.results import InvalidOutput, failure, json_copy
from baton.protocols.http_client import (
    HttpClient,
    Request,
    Response,
    Undelivered,
    succeeded,
    trace_headers,
    without_query,
    worth_retrying,
)
from baton.protocols.standard_webhooks import signed_headers

INVALID_ANSWER = "INVALID_ANSWER"
_MAX_BODY_SHOWN = 300
"""The number of bytes of an error response that its error message quotes."""


def http_function(
    name: str,
    url: str,
    *,
    id: str | None = None,  # noqa: A002 - the key of the declaration
    timeout_ms: int = DEFAULT_HTTP_TIMEOUT_MS,
    secret: str | None = None,
) -> HttpFunction:
    """Return the function declared as `{url, id?, timeout_ms?, secret?}`."""
    uuid, aliases = function_identity(name, id)
    return HttpFunction(
        name=name, id=uuid, aliases=aliases, url=url, timeout_ms=timeout_ms, secret=secret
    )


async def call_over_http(
    function: HttpFunction, call: Call, *, client: HttpClient, clock: Clock
) -> CallOutcome:
    """Post the payload to the function's URL and return the outcome of the response."""
    body = orjson.dumps(call.payload)
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Idempotency-Key": call.idempotency_key,
        **trace_headers(call.traceparent),
    }
    if function.secret:
        message_id = call.idempotency_key.replace(".", "_")
        headers |= signed_headers(function.secret, message_id, clock.now(), body)
    request = Request(
        method="POST",
        url=function.url,
        headers=headers,
        body=body,
        timeout_ms=function.timeout_ms,
    )
    try:
        return outcome_of_response(await client.send(request), function.url)
    except Undelivered as error:
        return failure(error.code, str(error), retryable=error.retryable)


def outcome_of_response(response: Response, url: str) -> CallOutcome:
    """Return the outcome of a response; error messages contain `url`."""
    if not succeeded(response.status):
        return failure_of_response(response, url)
    if not response.body:
        return Succeeded()
    try:
        return Succeeded(output=json_copy(orjson.loads(response.body)))
    except (orjson.JSONDecodeError, InvalidOutput) as error:
        message = f"{without_query(url)} answered {response.status} with invalid JSON: {error}"
        return failure(INVALID_ANSWER, message, retryable=True)


def failure_of_response(response: Response, url: str) -> Failed:
    """Return the failure of a response other than 2xx."""
    excerpt = " ".join(response.body[:_MAX_BODY_SHOWN].decode("utf-8", "replace").split())
    message = f"{without_query(url)} answered {response.status}" + (
        f": {excerpt}" if excerpt else ""
    )
    return failure(f"HTTP_{response.status}", message, retryable=worth_retrying(response.status))
