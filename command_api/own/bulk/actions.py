"""The actions of bulks: those of a single run, with the bodies of their requests as options."""

from collections.abc import Mapping
from typing import Final, TypeAlias, assert_never

from baton.command_api.commands import plan, start_rerun
from baton.command_api.own.control.cancel import CancelBody, cancel
from baton.command_api.own.control.pause import PauseBody, pause
from baton.command_api.own.control.rerun import RerunBody
from baton.command_api.own.control.resume import ResumeBody, resume
from baton.command_api.own.control.retry import RetryBody, retry
from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.bulk.messages import Action

Options: TypeAlias = CancelBody | RetryBody | RerunBody | PauseBody | ResumeBody
"""The options of an action."""

OPTIONS: Final[Mapping[Action, type[Options]]] = {
    "cancel": CancelBody,
    "retry": RetryBody,
    "rerun": RerunBody,
    "pause": PauseBody,
    "resume": ResumeBody,
}


async def act(
    services: Services,
    principal: Principal,
    run_id: str,
    options: Options,
    *,
    at: int,
    new_run_id: str,
) -> bool:
    """Perform an action on one run as its own request does; return whether that changed anything.

    A rerun gets the id `new_run_id`. Raises Rejected, Refused and `Unavailable`.
    """
    match options:
        case CancelBody():
            return (await cancel(services, principal, run_id, options, at=at)).changed
        case RetryBody():
            return (await retry(services, principal, run_id, options, at=at)).changed
        case PauseBody():
            return (await pause(services, principal, run_id, options, at=at)).changed
        case ResumeBody():
            return (await resume(services, principal, run_id, options, at=at)).changed
        case RerunBody():
            planned = await plan(
                services, principal, run_id, options.to_rerun(), at=at, new_run_id=new_run_id
            )
            await start_rerun(services, planned)
            return True
    assert_never(options)
