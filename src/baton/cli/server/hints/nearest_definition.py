"""Suggests the definition whose trigger is nearest to an event that starts no run."""

from collections.abc import Mapping
from typing import Any

from baton.cli.server.client import Server
from baton.cli.server.lookup import all_definitions, triggers_of
from baton.domain.nearest_name import nearest_name


def nearest_definition(server: Server, body: Any) -> str:
    """Return a sentence about an event, or the first of several, that no trigger waits for."""
    kind, structure = _event_of(body[0] if isinstance(body, list) else body)
    waiting = {
        f"{trigger['event']} of {trigger.get('structure') or 'any record'}": candidate
        for candidate in all_definitions(server)
        for trigger in triggers_of(candidate)
        if "event" in trigger
    }
    subject = f"{kind} of {structure}"
    nearest = nearest_name(subject, waiting, similar=0.0)
    if nearest is None:
        return f"No run starts: no definition waits for {subject}, nor for any other event"
    definition = waiting[nearest]
    slug = definition["slug"]
    state = "" if definition["status"] == "active" else ", but is not active"
    return f"No run starts for {subject}: the nearest, {slug}, waits for {nearest}{state}"


def _event_of(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return the type of an event and the slug of its record, in any of its forms."""
    data = event.get("data")
    inner = data if isinstance(data, dict) and "recordSlug" in data else event
    kind = str(event.get("type") or event.get("event")).replace("_", ".", 1)
    slug = inner.get("recordSlug") or str(event.get("subject")).partition("/")[0]
    return kind, str(slug)
