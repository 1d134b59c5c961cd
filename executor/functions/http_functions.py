"""Functions behind a URL: the payload is posted as JSON, the answer's JSON is the output.

An answer of 2xx without a body is the output null. Status 408, 425, 429 and 5xx, timeouts, broken
connections and broken JSON are tried again as the step's retry policy says; every other refusal is
final.
"""

import orjson

from baton.domain.run.messages import Failed, Succeeded
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


def http_function(
    name: str,
    url: str,
    *,
    id: str | None = None,  # noqa: A002 - the declaration's word
    timeout_ms: int = DEFAULT_HTTP_TIMEOUT_MS,
    secret: str | None = None,
) -> HttpFunction:
    """Return the function that a declaration `{url, id?, timeout_ms?, secret?}` describes."""
    uuid, aliases = function_identity(name, id)
    return HttpFunction(
        name=name, id=uuid, aliases=aliases, url=url, timeout_ms=timeout_ms, secret=secret
    )


async def call_over_http(
    function: HttpFunction, call: Call, *, client: HttpClient, clock: Clock
) -> CallOutcome:
    """Perform one attempt."""
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


def outcome_of_response(answer: Response, url: str) -> CallOutcome:
    """Return what an answer means for the step."""
    if not succeeded(answer.status):
        return failure_of_response(answer, url)
    if not answer.body:
        return Succeeded()
    try:
        return Succeeded(output=json_copy(orjson.loads(answer.body)))
    except (orjson.JSONDecodeError, InvalidOutput) as error:
        message = f"{without_query(url)} answered {answer.status} with what is no JSON: {error}"
        return failure(INVALID_ANSWER, message, retryable=True)


def failure_of_response(answer: Response, url: str) -> Failed:
    """Return the failure that a status other than 2xx is."""
    said = " ".join(answer.body[:_MAX_BODY_SHOWN].decode("utf-8", "replace").split())
    message = f"{without_query(url)} answered {answer.status}" + (f": {said}" if said else "")
    return failure(f"HTTP_{answer.status}", message, retryable=worth_retrying(answer.status))
