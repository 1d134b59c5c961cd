"""Actors of tests: three people who hold a token."""

from typing import Final

from baton.domain.actor import Actor

ANN: Final = Actor("ann", "token")
BOB: Final = Actor("bob", "token")
EVE: Final = Actor("eve", "token")
