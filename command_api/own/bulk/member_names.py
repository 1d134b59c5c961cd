"""Names of the members of a bulk's options and filter: in the API's JSON, and in its events.

Events have the core's spelling (`input_patch`), the API has that of JSON (`inputPatch`). Only the
outermost names are converted: the content of a patch belongs to the user.
"""

from pydantic.alias_generators import to_camel, to_snake

from baton.domain.json import JsonObject


def stored_names(shown: JsonObject) -> JsonObject:
    """Return an object of the API as events hold it."""
    return {to_snake(name): value for name, value in shown.items()}


def shown_names(stored: JsonObject) -> JsonObject:
    """Return an object of an event as the API shows it."""
    return {to_camel(name): value for name, value in stored.items()}
