"""The title of a run: a template of its definition, filled in with values of the run's input.

`Order ${input.orderId}` has a text and a placeholder: a dotted path that begins with `input`, in
which the elements of lists have numbers, as in conditions.
"""

import re
from collections.abc import Iterator
from typing import Final

from baton.domain.definition.messages import Body
from baton.domain.errors import Fault
from baton.domain.json import Json
from baton.domain.text import NOT_PLAIN, is_plain

MAX_TEMPLATE: Final = 200
"""The number of characters that a template may have."""
MAX_TITLE: Final = 200
"""The number of characters of a title; a longer title is truncated."""
MISSING: Final = "–"
"""The text for a value that the input lacks, or that isn't a text, a number or a boolean."""
BAD_PLACEHOLDER: Final = "may hold values of the input only, such as ${input.orderId}"
_PLACEHOLDER: Final = re.compile(r"\$\{(input(?:\.[A-Za-z0-9_-]+)+)\}", re.ASCII)
_CUT: Final = "…"


def faults_of_title(body: Body) -> Iterator[Fault]:
    """Yield the faults of the template of a definition."""
    template = body.title
    if template is None:
        return
    if not 0 < len(template.strip()) <= len(template) <= MAX_TEMPLATE:
        yield Fault(("title",), f"must have 1 to {MAX_TEMPLATE} characters")
    if not is_plain(template):
        yield Fault(("title",), NOT_PLAIN)
    if "${" in _PLACEHOLDER.sub("", template):
        yield Fault(("title",), BAD_PLACEHOLDER)


def title_of(template: str | None, run_input: Json) -> str | None:
    """Return the title of a run with this input; None without a template."""
    if template is None:
        return None
    title = _PLACEHOLDER.sub(lambda placeholder: _text_at(placeholder[1], run_input), template)
    return title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + _CUT


def _text_at(path: str, run_input: Json) -> str:
    value = run_input
    for name in path.split(".")[1:]:
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return value[:MAX_TITLE] if isinstance(value, str) else MISSING
