"""Centrali's orchestration API, in the two dialects that its documents describe.

Both write steps, triggers, conditions and runs alike; those modules stand here. Each dialect adds
its base path, its envelope, its units and the members that it shows.
"""

from baton.command_api.dialects.centrali import openapi, reference

DIALECTS = (openapi.DIALECT, reference.DIALECT)
