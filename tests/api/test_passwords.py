"""Passwords of users: hashed off the event loop, verified at the same cost for every name."""

import asyncio

from argon2 import PasswordHasher

from baton.command_api.security.passwords import MAX_LENGTH, Passwords, is_acceptable


async def test_a_password_has_its_hash_and_no_other() -> None:
    passwords = Passwords()
    stored = await passwords.hash("correct horse")

    assert stored.startswith("$argon2id$")
    assert "correct horse" not in stored
    assert await passwords.verify(stored, "correct horse")
    assert not await passwords.verify(stored, "correct Horse")
    assert not await passwords.verify("no hash", "correct horse")
    assert await passwords.verify(
        PasswordHasher(time_cost=1).hash("correct horse"), "correct horse"
    )


async def test_composed_and_decomposed_letters_are_one_password() -> None:
    passwords = Passwords()

    assert await passwords.verify(await passwords.hash("gru\u0308ß Gott"), "grüß Gott")


async def test_a_name_without_a_user_costs_a_verification() -> None:
    assert not await Passwords().verify(None, "correct horse")


async def test_the_event_loop_runs_while_passwords_are_hashed() -> None:
    passwords, turns = Passwords(), 0
    hashing = asyncio.gather(*(passwords.hash("correct horse") for _ in range(4)))
    while not hashing.done():
        turns += 1
        await asyncio.sleep(0)

    assert len(set(await hashing)) == 4
    assert turns > 10


def test_a_password_has_8_to_1000_characters() -> None:
    found = [is_acceptable("x" * length) for length in (0, 7, 8, MAX_LENGTH, MAX_LENGTH + 1)]

    assert found == [False, False, True, True, False]
