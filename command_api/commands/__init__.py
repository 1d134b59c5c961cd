"""What every dialect can ask for: the application's verbs, with no HTTP and no dialect in them.

They raise the family of `Rejected`, and `Unavailable`. Times are ms, UTC; ids are
given by the caller, so that a repeated request names the same things.
"""

from baton.command_api.commands.definitions import (
    NewDefinition,
    create_definition,
    delete_definition,
    update_definition,
)
from baton.command_api.commands.records import RecordCounts, send_records
from baton.command_api.commands.runs import cancel_run, retry_run, start_run, test_decision

__all__ = [
    "NewDefinition",
    "RecordCounts",
    "cancel_run",
    "create_definition",
    "delete_definition",
    "retry_run",
    "send_records",
    "start_run",
    "test_decision",
    "update_definition",
]
