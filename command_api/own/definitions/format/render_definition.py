"""Renders a version of a definition, whichever dialect made it, in Baton's own format."""

from baton.command_api.dialect.rendering import without_none
from baton.command_api.own.definitions.format.render_steps import render_steps
from baton.command_api.own.definitions.format.render_trigger import render_triggers
from baton.domain.definition.messages import Body
from baton.domain.json import JsonObject


def render_definition(slug: str, body: Body) -> JsonObject:
    """Return the document of a body, without the members that have no value."""
    return without_none(
        {
            "slug": slug,
            "name": body.name,
            "description": body.description,
            "title": body.title,
            "status": body.status,
            "trigger": render_triggers(body.triggers),
            "steps": render_steps(body.graph),
        }
    )
