"""The words of the format: those that it knows, and those that it reserves for later versions."""

from itertools import chain
from typing import Final

FORMAT: Final = 1
END: Final = "$end"
"""The target that ends the run."""

DEFINITION: Final = ("format", "slug", "name", "description", "title", "status", "trigger", "steps")
READ_ONLY: Final = frozenset(
    ("id", "version", "label", "disabled", "createdAt", "createdBy", "updatedAt", "updatedBy")
)
"""Members that answers show beside a definition, so that an answer can be sent back."""
DEFINITION_LATER: Final = frozenset(
    (
        *("input", "output", "labels", "personal", "retention", "limits", "priority"),
        *("fair", "on_failure", "finally", "compensate_on", "interrupt", "cancel_grace", "timeout"),
    )
)

KINDS: Final = ("function", "decide", "delay", "join")
KINDS_LATER: Final = ("wait", "approval", "run", "steps", "emit", "set", "end")
STEP: Final = ("id", "name", "description")
STEP_LATER: Final = frozenset(
    (
        *("with", "output", "set", "map", "loop", "compensate", "limits", "finally", "interrupt"),
        *("detach", "version", "on_parent_end"),
    )
)
MEMBERS_OF: Final = {
    "function": ("next", "needs", "when", "timeout", "retry", "on_failure", "config"),
    "decide": ("needs", "else", "when"),
    "delay": ("next", "needs", "when"),
    "join": ("next", "needs", "when", "timeout"),
}
"""The members that a step has because of its kind, beside the member that names the kind."""
OF_ANY_STEP: Final = frozenset((*STEP, *KINDS, *chain.from_iterable(MEMBERS_OF.values())))
WHEN: Final = "when"

RETRY: Final = ("attempts", "backoff", "factor")
RETRY_LATER: Final = frozenset(("max_backoff", "max_elapsed", "jitter", "codes", "except"))
ON_FAILURE: Final = ("fail", "end")
ON_FAILURE_LATER: Final = ("continue", "compensate")
CONDITION: Final = ("path", "op", "value", "value_path")

TRIGGERS: Final = ("event", "cron", "every", "at", "webhook", "manual")
_SCHEDULE_LATER: Final = (
    *("jitter", "except", "only", "when_excluded", "catch_up", "from", "until", "dst"),
    *("pause_after_failures", "with"),
)
TRIGGER_MEMBERS: Final = {
    "event": ("structure",),
    "cron": ("timezone", "missed", "overlap"),
    "every": ("timezone", "missed", "overlap"),
    "at": ("timezone", "missed"),
    "webhook": ("secret", "header", "signed"),
    "manual": (),
}
"""The members that a trigger has because of its kind, beside the member that names the kind."""
OF_ANY_TRIGGER: Final = frozenset((*TRIGGERS, *chain.from_iterable(TRIGGER_MEMBERS.values())))
TRIGGER_LATER: Final = {
    "event": frozenset(("if", "gather", "with")),
    "cron": frozenset(_SCHEDULE_LATER),
    "every": frozenset(_SCHEDULE_LATER),
    "at": frozenset(("with",)),
    "webhook": frozenset(("with",)),
    "manual": frozenset(),
}
MISSED: Final = ("fire_once", "fire_all", "skip")
OVERLAP: Final = ("allow", "skip")
OVERLAP_LATER: Final = ("queue_one", "queue_all", "cancel_running", "kill_running")
