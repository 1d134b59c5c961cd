"""JSON messages between executors and workers; docs/messages.md specifies them for other programs.

A task asks a worker for one attempt of a step. The worker answers with heartbeats and one result.
Each answer names the attempt by its execution id and returns the token of its task. Readers ignore
unknown members.
"""

from functools import partial
from typing import Literal, cast

import orjson

from baton.domain.errors import Invalid
from baton.domain.frozen import frozen
from baton.domain.json import Json, JsonObject
from baton.domain.run.execution_id import Execution, idempotency_key, parse_execution_id
from baton.domain.run.outcome import Error, Failed, Succeeded
from baton.domain.stream import stream_name
from baton.eventlog.function_logs.attempt_log import AttemptLog
from baton.eventlog.ports.topics import Message
from baton.executor.functions.call import Call, CallOutcome
from baton.executor.functions.results import (
    InvalidOutput,
    failure,
    json_or_none,
    storable_text,
    success,
)
from baton.protocols import strict_json

INVALID_ANSWER = "INVALID_ANSWER"
MAX_BYTES = 1_000_000
"""The largest message, in bytes: a little less than brokers accept by default."""
_MAX_CODE_LENGTH = 100


class MalformedMessage(Exception):
    """The message isn't a valid task or answer; `attempt` is the attempt that it names, if any."""

    def __init__(self, message: str, *, attempt: "TaskAttempt | None" = None) -> None:
        super().__init__(message)
        self.attempt = attempt


@frozen
class TaskAttempt:
    """The attempt that a task asks for, as its answers name it.

    Attributes:
        execution_id: The id of the attempt.
        token: The secret of the attempt, which only its task has; empty if the task has none.
    """

    execution_id: str
    token: str


@frozen
class WorkerAnswer:
    """A worker's message about an attempt: its outcome, or its progress while it runs.

    `logs` is the function's log as the worker sent it; it isn't checked yet.
    """

    type: Literal["result", "heartbeat"]
    execution_id: str
    attempt: int
    token: str
    outcome: CallOutcome | None = None
    progress: Json = None
    logs: Json = None

    @property
    def idempotency_key(self) -> str:
        """The idempotency key of the attempt, equal to that of its `Call`."""
        run_id, step_id, visit, _ = cast("Execution", parse_execution_id(self.execution_id))
        return idempotency_key(run_id, step_id, visit)


def tasks_topic(prefix: str, queue: str) -> str:
    """Return the topic of the tasks of `queue`."""
    return f"{prefix}tasks.{queue}"


def results_topic(prefix: str) -> str:
    """Return the topic of the answers to tasks of all queues."""
    return f"{prefix}results"


def workers_group(prefix: str, queue: str) -> str:
    """Return the consumer group of the workers of `queue`."""
    return f"{prefix}workers.{queue}"


def encode_task(function: str, call: Call, *, token: str) -> Message:
    """Return the message that asks for `call`, keyed by the run's stream.

    Args:
        function: The registered name, which replaces an id or alias in `call`.
        call: The attempt.
        token: The secret that its answers must return.
    """
    members: JsonObject = {
        "type": "task",
        "executionId": call.execution_id,
        "token": token,
        "idempotencyKey": call.idempotency_key,
        "runId": call.run_id,
        "stepId": call.step_id,
        "visit": call.visit,
        "attempt": call.attempt,
        "tenant": call.tenant,
        "function": function,
        "deadline": call.deadline_at,
        "payload": call.payload,
        "traceparent": call.traceparent,
    }
    key = stream_name(call.tenant, "run", call.run_id).encode()
    return Message(value=orjson.dumps(members), key=key)


def decode_task(raw: bytes | None) -> tuple[Call, TaskAttempt]:
    """Return the call that a task asks for, and its attempt; raises `MalformedMessage`."""
    members = _parse_object(raw)
    execution_id = members.get("executionId")
    call = _decode_call(members)
    if call is None or call.execution_id != execution_id:
        names_attempt = isinstance(execution_id, str) and _attempt_of(execution_id) is not None
        raise MalformedMessage(
            "a member of the task is missing or has the wrong type",
            attempt=_attempt(str(execution_id), members) if names_attempt else None,
        )
    return call, _attempt(call.execution_id, members)


def encode_result(
    attempt: TaskAttempt, outcome: CallOutcome, log: AttemptLog | None = None
) -> bytes:
    """Return the message that reports how an attempt ended, with the log of its function."""
    members = _answer("result", attempt)
    match outcome:
        case Succeeded():
            members |= {"status": "succeeded", "output": outcome.output}
            if outcome.context is not None:
                members["context"] = outcome.context
        case Failed(error=error):
            error_members = {
                "code": error.code,
                "message": error.message,
                "retryable": outcome.retryable,
            }
            if error.stack is not None:
                error_members["stack"] = error.stack
            members |= {"status": "failed", "error": error_members}
    if log is not None:
        members["logs"] = orjson.Fragment(log.to_json())
    return orjson.dumps(members)


def encode_heartbeat(attempt: TaskAttempt, progress: Json) -> bytes:
    """Return the message that reports an attempt's progress."""
    return orjson.dumps({**_answer("heartbeat", attempt), "progress": progress})


def decode_answer(raw: bytes | None) -> WorkerAnswer:
    """Decode a message of the results topic; raises `MalformedMessage`.

    A result that names its attempt but can't be recorded becomes a failure of the attempt.
    """
    members = _parse_object(raw)
    match members:
        case {"executionId": str(execution_id), "attempt": int(attempt)} if (
            str(_attempt_of(execution_id)) == str(attempt)  # a bool is an int, too
        ):
            pass
        case _:
            raise MalformedMessage("the answer names no attempt")
    decoded = partial(
        WorkerAnswer, execution_id=execution_id, attempt=attempt, token=_token_of(members)
    )
    match members:
        case {"type": "heartbeat"}:
            progress = _valid_progress(raw, members.get("progress"))
            return decoded(type="heartbeat", progress=progress)
        case {"type": "result", "status": "succeeded" | "failed" as status}:
            outcome = _decode_outcome(raw, members, failed=status == "failed")
            return decoded(type="result", outcome=outcome, logs=members.get("logs"))
        case _:
            raise MalformedMessage("the answer is neither a result nor a heartbeat")


def _answer(kind: str, attempt: TaskAttempt) -> JsonObject:
    """Return the members that every answer to a task has."""
    return {
        "type": kind,
        "executionId": attempt.execution_id,
        "attempt": _attempt_of(attempt.execution_id),
        "token": attempt.token,
    }


def _attempt(execution_id: str, members: JsonObject) -> TaskAttempt:
    return TaskAttempt(execution_id=execution_id, token=_token_of(members))


def _token_of(members: JsonObject) -> str:
    """Return the token of a message, empty if it has none."""
    token = members.get("token")
    return token if isinstance(token, str) else ""


def _attempt_of(execution_id: str) -> int | None:
    """Return the attempt number of an execution id, None if the text isn't an execution id."""
    execution = parse_execution_id(execution_id)
    return execution.attempt if execution else None


def _parse_object(raw: bytes | None) -> JsonObject:
    try:
        members = orjson.loads(raw or b"")
    except orjson.JSONDecodeError as error:
        raise MalformedMessage(f"the message is not JSON: {error}") from None
    if not isinstance(members, dict):
        raise MalformedMessage("the message is not a JSON object")
    return members


def _decode_call(members: JsonObject) -> Call | None:
    match members:
        case {
            "runId": str(run_id),
            "stepId": str(step_id),
            "visit": int(visit),
            "attempt": int(attempt),
            "tenant": str(tenant),
            "function": str(function),
            "deadline": int(deadline_at),
            "payload": dict(payload),
        }:
            traceparent = members.get("traceparent")
            return Call(
                function=function,
                payload=payload,
                run_id=run_id,
                step_id=step_id,
                visit=visit,
                attempt=attempt,
                tenant=tenant,
                deadline_at=deadline_at,
                traceparent=traceparent if isinstance(traceparent, str) else None,
            )
        case _:
            return None


def _valid_progress(raw: bytes | None, value: Json) -> Json:
    """Return a heartbeat's progress, or None if it is invalid: the heartbeat still counts."""
    try:
        strict_json.parse(raw or b"")
    except Invalid:
        return None
    return json_or_none(value)


def _decode_outcome(raw: bytes | None, members: JsonObject, *, failed: bool) -> CallOutcome:
    try:
        strict_json.parse(raw or b"")
        if failed:
            return _decode_failure(members)
        return success(members.get("output"), members.get("context"))
    except Invalid as error:
        return failure(INVALID_ANSWER, f"the worker's result {error.message}", retryable=True)
    except InvalidOutput as error:
        return failure(INVALID_ANSWER, f"the worker's result: {error}", retryable=True)


def _decode_failure(members: JsonObject) -> Failed:
    match members.get("error"):
        case {"code": str(code), "message": str(message), **rest} if code.isprintable() and code:
            stack = rest.get("stack")
            error = Error(
                code=code[:_MAX_CODE_LENGTH],
                message=storable_text(message),
                stack=storable_text(stack) if isinstance(stack, str) else None,
            )
            return Failed(error=error, retryable=rest.get("retryable") is not False)
        case _:
            raise InvalidOutput("the error has no code or no message")
