"""Centrali's orchestration API: two dialects, as its two documents describe them.

Both read and render steps, triggers, conditions and runs in the modules of this folder. Each
dialect adds its base path, its envelope, its unit of intervals and the members of its responses.
"""

from baton.command_api.dialects.centrali import openapi, reference

DIALECTS = (openapi.DIALECT, reference.DIALECT)
