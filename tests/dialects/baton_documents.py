"""Builds definitions as documents of Baton's own API."""

from typing import Any

Document = dict[str, Any]


def only_step(function: str = "noop", **members: Any) -> Document:
    """Return a step with the id "only"; `members` are added."""
    return {"id": "only", "function": function, **members}


def own_definition(slug: str, *steps: Document, **members: Any) -> Document:
    """Return a definition, of one step that does nothing if no step is given.

    Args:
        slug: The slug; the name is made of it unless `members` have one.
        steps: The steps, each followed by the next one.
        members: Members to add, such as a trigger: by default the definition is started manually.
    """
    name = slug.replace("-", " ").capitalize()
    return {"slug": slug, "name": name, "steps": list(steps) or [only_step()], **members}
