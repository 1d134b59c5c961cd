"""An executor announces each function once, by the name that users call, without a secret."""

from baton import function
from baton.domain.ids import function_uuid
from baton.eventlog.known_functions import KnownFunction
from baton.executor.announce_functions import known_functions
from baton.executor.functions.call import Call, CallOutcome
from baton.executor.functions.http_functions import http_function
from baton.executor.functions.loading import describe
from baton.executor.functions.registry import BuiltIn, Registry
from baton.executor.workers.remote_workers import queue_function


@function("echo", id="func_1")
def echo() -> str:
    return "mine"


async def never(call: Call) -> CallOutcome:
    raise AssertionError(call)


def test_every_kind_is_described_and_a_users_function_hides_a_built_in() -> None:
    registry = Registry()
    registry.add(describe(echo, origin="tests"))
    registry.add(http_function("charge", "https://pay.example?key=s3cret", secret="whsec_s3cret"))
    registry.add(queue_function("thumbnail", "images"))
    registry.add(BuiltIn(name="echo", id=function_uuid("echo"), perform=never))
    registry.add(BuiltIn(name="noop", id=function_uuid("noop"), perform=never))

    found = known_functions(registry)

    assert set(found) == {
        KnownFunction(name="echo", id=function_uuid("echo"), kind="python", aliases=("func_1",)),
        KnownFunction(name="charge", id=function_uuid("charge"), kind="http"),
        KnownFunction(
            name="thumbnail", id=function_uuid("thumbnail"), kind="queue", queue="images"
        ),
        KnownFunction(name="noop", id=function_uuid("noop"), kind="builtin"),
    }
    assert "s3cret" not in repr(found)
