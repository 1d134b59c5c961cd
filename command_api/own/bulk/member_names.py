"""Names of the members of a bulk's options and filter: in the API's JSON, and in its events.

Events have the core's spelling (`input_patch`), the API has that of JSON (`inputPatch`). Only the
outermost names are spelled: what lies within a patch is the user's.
"""

import re

from baton.domain.json import JsonObject

_CAPITAL = re.compile("[A-Z]")
_AFTER_UNDERSCORE = re.compile("_([a-z])")


def stored_names(shown: JsonObject) -> JsonObject:
    """Return an object of the API as events hold it."""
    return {_CAPITAL.sub(lambda at: f"_{at[0].lower()}", name): shown[name] for name in shown}


def shown_names(stored: JsonObject) -> JsonObject:
    """Return an object of an event as the API shows it."""
    return {_AFTER_UNDERSCORE.sub(lambda at: at[1].upper(), name): stored[name] for name in stored}
