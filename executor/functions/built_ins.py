"""The functions that Baton provides: noop, echo, sleep, fail and http.

They read the payload in place and never change it, so they get no copy of it.
"""

import math
from dataclasses import replace

import orjson

from baton.domain.ids import function_uuid
from baton.domain.json import JsonObject
from baton.domain.run.outcome import Succeeded
from baton.eventlog.ports.clock import Clock
from baton.executor.functions.call import Call, CallOutcome, PerformCall
from baton.executor.functions.http_functions import failure_of_response
from baton.executor.functions.python.python_calls import copy_payload
from baton.executor.functions.registry import BuiltIn
from baton.executor.functions.results import InvalidOutput, failure, json_copy
from baton.protocols.http_client import (
    HttpClient,
    Request,
    Response,
    Undelivered,
    header_fault,
    succeeded,
    trace_headers,
)

INVALID_CONFIG = "INVALID_CONFIG"
NOOP = "noop"
HTTP = "http"
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_TIMEOUT_MS = 300_000
_SUCCESS = Succeeded(output="success", size=9)


class InvalidConfig(Exception):
    """A member of the step's `config` is missing or invalid; the message names it."""


def built_ins(*, clock: Clock, client: HttpClient) -> list[BuiltIn]:
    """Return all built-in functions."""
    performers: dict[str, PerformCall] = {
        NOOP: _noop,
        "echo": _echo,
        "sleep": _Sleep(clock),
        "fail": _fail,
        HTTP: _Http(client),
    }
    return [
        BuiltIn(name=name, id=function_uuid(name), perform=_performer(perform))
        for name, perform in performers.items()
    ]


def _performer(perform: PerformCall) -> PerformCall:
    """Return `perform` with plain values in its payload, and a failure for `InvalidConfig`."""

    async def performed(call: Call) -> CallOutcome:
        if call.artifacts:
            call = replace(call, payload=copy_payload(call.payload))
        try:
            return await perform(call)
        except InvalidConfig as error:
            return failure(INVALID_CONFIG, str(error))

    return performed


async def _noop(_call: Call) -> Succeeded:
    """Return `"success"`."""
    return _SUCCESS


async def _echo(call: Call) -> Succeeded:
    """Return `config.value` if it is set, else the run's input."""
    config = _config(call)
    return Succeeded(output=config["value"] if "value" in config else call.payload.get("input"))


async def _fail(call: Call) -> CallOutcome:
    """Fail with `config.message`, `code` and `retryable`, or only in the first `times` attempts."""
    config = _config(call)
    times = config.get("times")
    if times is not None and call.attempt > _number(config, "times"):
        return Succeeded(output="success")
    return failure(
        _text(config, "code", "FAILED"),
        _text(config, "message", "failed as configured"),
        retryable=config.get("retryable", True) is True,
    )


class _Sleep:
    """Wait for `config.ms` milliseconds. Unlike a delay step, it doesn't survive a restart."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, call: Call) -> Succeeded:
        await self._clock.sleep_until(self._clock.now() + _number(_config(call), "ms"))
        return Succeeded(output="success")


class _Http:
    """Send the request that `config` describes (`url`, `method`, `headers`, `body`)."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def __call__(self, call: Call) -> CallOutcome:
        request = _request(_config(call), call)
        try:
            response = await self._client.send(request)
            if not succeeded(response.status):
                return failure_of_response(response, request.url)
            return Succeeded(output=_response_members(response))
        except Undelivered as error:
            return failure(error.code, str(error), retryable=error.retryable)
        except (orjson.JSONDecodeError, InvalidOutput) as error:
            return failure("INVALID_ANSWER", f"the body of the response: {error}", retryable=True)


def _request(config: JsonObject, call: Call) -> Request:
    body, content = _body(config)
    method = _text(config, "method", "GET" if body is None else "POST").upper()
    if method not in _METHODS:
        raise InvalidConfig(f"config.method is not one of {', '.join(sorted(_METHODS))}")
    if not (url := _text(config, "url", "")):
        raise InvalidConfig("config.url is missing")
    headers = {
        **content,
        "Idempotency-Key": call.idempotency_key,
        **trace_headers(call.traceparent),
    }
    configured = _headers(config)
    names = {name.lower() for name in configured}
    defaults = {name: value for name, value in headers.items() if name.lower() not in names}
    return Request(
        method=method,
        url=url,
        headers={**defaults, **configured},
        body=body,
        timeout_ms=_TIMEOUT_MS,
    )


def _body(config: JsonObject) -> tuple[bytes | None, dict[str, str]]:
    match config.get("body"):
        case None:
            return None, {}
        case str() as text:
            return text.encode(), {"Content-Type": "text/plain; charset=utf-8"}
        case value:
            return orjson.dumps(value), {"Content-Type": "application/json"}


def _headers(config: JsonObject) -> dict[str, str]:
    configured = config.get("headers")
    if not isinstance(configured, dict | None):
        raise InvalidConfig("config.headers is not an object")
    headers: dict[str, str] = {}
    for name, value in (configured or {}).items():
        if not isinstance(value, str):
            raise InvalidConfig(f"config.headers.{name} is not a string")
        if fault := header_fault(name, value):
            raise InvalidConfig(f"config.headers: {fault}")
        headers[name] = value
    return headers


def _response_members(response: Response) -> JsonObject:
    body: object = None
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.body and (media == "application/json" or media.endswith("+json")):
        body = orjson.loads(response.body)
    elif response.body:
        body = _decode_text(response)
    parts = json_copy({"status": response.status, "headers": response.headers, "body": body})
    assert isinstance(parts, dict)  # noqa: S101 - the copy of a dict
    return parts


def _decode_text(response: Response) -> str:
    return response.body.decode(response.charset or "utf-8", "replace")


def _config(call: Call) -> JsonObject:
    config = call.payload.get("config")
    return config if isinstance(config, dict) else {}


def _text(config: JsonObject, member: str, default: str) -> str:
    value = config.get(member, default)
    if not isinstance(value, str):
        raise InvalidConfig(f"config.{member} is not a string")
    return value


def _number(config: JsonObject, member: str) -> float:
    value = config.get(member)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidConfig(f"config.{member} is not a number")
    if value < 0 or not math.isfinite(value):
        raise InvalidConfig(f"config.{member} is less than 0")
    return value
