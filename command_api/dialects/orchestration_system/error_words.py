"""The dialect's member names and nouns, with which it renders refusals of the domain."""

from typing import Final

from baton.command_api.dialect.error_words import ErrorWords

WORDS: Final = ErrorWords(
    nouns={"definition": "workflow", "run": "execution", "step": "task"},
    statuses={"paused": "inactive"},
    members={
        "expression": ("cronExpression",),
        "function": ("type",),
        "needs": ("dependsOn",),
        "steps": ("tasks",),
    },
)
