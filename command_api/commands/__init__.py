"""The application's commands, independent of HTTP and of any dialect.

They raise subclasses of `Rejected`, and `Unavailable`. Times are milliseconds since the epoch, UTC.
The caller chooses the ids, so that a repeated request creates nothing twice.
"""

from baton.command_api.commands.definitions import (
    NewDefinition,
    create_definition,
    delete_definition,
    holder_of,
    update_definition,
)
from baton.command_api.commands.explanations import (
    SCHEDULER,
    STUCK_MS,
    ExplainedRun,
    explain_run,
    explain_run_as_of,
    find_stuck_runs,
    held_text,
    hold_of,
)
from baton.command_api.commands.named_definitions import create_named_definition
from baton.command_api.commands.open_runs import admit_webhook_run
from baton.command_api.commands.pauses import Preview, pause_run, preview_resume, resume_run
from baton.command_api.commands.record_explanations import ExplainedDefinition, explain_record
from baton.command_api.commands.records import RecordCounts, count_waiting, send_records
from baton.command_api.commands.reruns import Planned, Rerun, Version, plan, start_rerun
from baton.command_api.commands.runs import cancel_run, retry_run, start_run, test_decision
from baton.command_api.commands.schedules import NewSchedule, create_schedule, delete_schedule
from baton.command_api.commands.versions import NewVersion, disable_version, publish_version
from baton.command_api.commands.webhooks import (
    WebhookBody,
    delete_webhook,
    redrive_delivery,
    register_webhook,
    update_webhook,
    webhook_secret,
)

__all__ = [
    "SCHEDULER",
    "STUCK_MS",
    "ExplainedDefinition",
    "ExplainedRun",
    "NewDefinition",
    "NewSchedule",
    "NewVersion",
    "Planned",
    "Preview",
    "RecordCounts",
    "Rerun",
    "Version",
    "WebhookBody",
    "admit_webhook_run",
    "cancel_run",
    "count_waiting",
    "create_definition",
    "create_named_definition",
    "create_schedule",
    "delete_definition",
    "delete_schedule",
    "delete_webhook",
    "disable_version",
    "explain_record",
    "explain_run",
    "explain_run_as_of",
    "find_stuck_runs",
    "held_text",
    "hold_of",
    "holder_of",
    "pause_run",
    "plan",
    "preview_resume",
    "publish_version",
    "redrive_delivery",
    "register_webhook",
    "resume_run",
    "retry_run",
    "send_records",
    "start_rerun",
    "start_run",
    "test_decision",
    "update_definition",
    "update_webhook",
    "webhook_secret",
]
