"""Performs the action of a bulk on one run, for the scheduler.

The actor of the events that it causes names the bulk, and the id of a rerun is derived from the
bulk and the run. They show later whether the bulk has processed a run.
"""

import logging
from typing import Final

from baton.command_api.http.refusal import ErrorCode, Refusal, Refused, refusal_of
from baton.command_api.own.bulk.actions import OPTIONS, act
from baton.command_api.own.bulk.member_names import shown_names
from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.actor import Actor
from baton.domain.bulk.messages import Item
from baton.domain.bulk.state import State
from baton.domain.errors import InConflict, Rejected
from baton.domain.ids import derived_id
from baton.domain.stream import stream_name
from baton.eventlog.errors import Unavailable

_TRANSIENT: Final[frozenset[ErrorCode]] = frozenset(("rate_limited", "internal_error"))
"""Codes of refusals after which the same action may succeed later."""

_log = logging.getLogger(__name__)


class BulkPerformer:
    """Performs actions on runs with the commands that requests for single runs call."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def perform(self, bulk: State, run_id: str) -> Item:
        """Perform the bulk's action on a run and return the outcome; raises `Unavailable`."""
        item = Item(run_id=run_id, outcome="unchanged")
        try:
            if await self._act(bulk, run_id):
                return _done(bulk, run_id)
        except Rejected as rejected:
            item = _not_done(run_id, refusal_of(rejected))
        except Refused as refused:
            item = _not_done(run_id, refused.refusal)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - logged; the other runs go on
            _log.exception("bulk %s: run %s", bulk.bulk_id, run_id)
            internal = Refusal(code="internal_error", message="The server failed; see its log")
            item = _not_done(run_id, internal)
        return await self.find_performed(bulk, run_id) or item

    async def find_performed(self, bulk: State, run_id: str) -> Item | None:
        """Return the outcome of a run that this bulk changed, None if it didn't."""
        store, actor = self._services.store, _actor(bulk)
        if bulk.action == "rerun":
            performed = bool(await store.read(_run_stream(bulk, _rerun_id(bulk, run_id))))
        else:
            recorded = await store.read(_run_stream(bulk, run_id))
            performed = any(getattr(stored.event, "actor", None) == actor for stored in recorded)
        return _done(bulk, run_id) if performed else None

    async def _act(self, bulk: State, run_id: str) -> bool:
        actor = _actor(bulk)
        principal = Principal(
            subject=actor.subject, tenant=bulk.tenant, method=actor.method, key_id=actor.key_id
        )
        return await act(
            self._services,
            principal,
            run_id,
            OPTIONS[bulk.action].model_validate(shown_names(bulk.args)),
            at=self._services.clock.now(),
            new_run_id=_rerun_id(bulk, run_id),
        )


def _done(bulk: State, run_id: str) -> Item:
    new_run_id = _rerun_id(bulk, run_id) if bulk.action == "rerun" else None
    return Item(run_id=run_id, outcome="done", new_run_id=new_run_id)


def _not_done(run_id: str, refusal: Refusal) -> Item:
    rejected = refusal.rejected
    contention = isinstance(rejected, InConflict) and rejected.reason == "contention"
    failed = contention or refusal.code in _TRANSIENT
    return Item(
        run_id=run_id,
        outcome="failed" if failed else "refused",
        code=refusal.code,
        message=refusal.message,
    )


def _actor(bulk: State) -> Actor:
    """Return the actor of the events of runs: the subject who requested the bulk, and its id."""
    subject = "" if bulk.actor is None else bulk.actor.subject
    return Actor(subject, "bulk", bulk.bulk_id)


def _rerun_id(bulk: State, run_id: str) -> str:
    return derived_id("bulk", bulk.tenant, bulk.bulk_id, run_id)


def _run_stream(bulk: State, run_id: str) -> str:
    return stream_name(bulk.tenant, "run", run_id)
