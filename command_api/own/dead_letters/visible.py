"""The dead letters that a tenant may see, and whether it may see their content.

A letter belongs to the tenant that its message names. One that names none belongs to the operator's
tenant; where there is no such tenant, every tenant sees that letter, without its content.
"""

from dataclasses import dataclass
from typing import Final

from baton.command_api.http.refusal import Refused
from baton.command_api.services import Services
from baton.eventlog.dead_letters.tenant_of import tenant_of
from baton.eventlog.ports.dead_letters import DeadLetter

SCANNED: Final = 200
"""The number of letters that one page reads."""
_BATCH: Final = 20
"""The number of letters that are read at once: each may have a megabyte."""


@dataclass(frozen=True, slots=True)
class VisibleLetter:
    """A letter that a tenant may see; `open` is whether its content may be shown too."""

    letter: DeadLetter
    open: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Letters, the newest first; `reached` is where the page ended, None at the last letter."""

    letters: list[VisibleLetter]
    reached: tuple[int, str] | None


def seen_by(services: Services, tenant: str, letter: DeadLetter) -> VisibleLetter | None:
    """Return a letter as a tenant may see it, None if it may not."""
    owner = tenant_of(letter.message) or services.installation.operator_tenant
    if owner is None:
        return VisibleLetter(letter, open=False)
    return VisibleLetter(letter, open=True) if owner == tenant else None


async def load_letter(services: Services, tenant: str, letter_id: str) -> VisibleLetter:
    """Return a letter; raises Refused 404, also for one that the tenant may not see."""
    letter = await services.installation.dead_letters.get(letter_id)
    visible = None if letter is None else seen_by(services, tenant, letter)
    if visible is None:
        raise Refused("not_found", "Dead letter not found")
    return visible


async def newest_letters(
    services: Services, tenant: str, before: tuple[int, str] | None, *, limit: int
) -> Page:
    """Return the newest letters that a tenant may see, after `before` (time in ms, id)."""
    visible: list[VisibleLetter] = []
    for _ in range(SCANNED // _BATCH):
        letters = await services.installation.dead_letters.newest(before=before, limit=_BATCH)
        for letter in letters:
            before = (letter.at, letter.letter_id)
            seen = seen_by(services, tenant, letter)
            if seen is not None:
                visible.append(seen)
            if len(visible) == limit:
                return Page(visible, before)
        if len(letters) < _BATCH:
            return Page(visible, None)
    return Page(visible, before)
