"""Passwords cannot be guessed at speed, for an account or from an address, by any number of processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from restudio.core.errors import TooManyAttempts
from restudio.identity.attempts import PER_ACCOUNT, PER_ADDRESS, WINDOW_S, Attempts, sign_in_attempts
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets

ADDRESS = "192.0.2.7"


@pytest.fixture
def attempts(database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock) -> Attempts:
    return Attempts(database, secrets, clock)


def test_an_account_is_closed_for_a_while(attempts: Attempts, clock: ManualClock) -> None:
    for number in range(PER_ACCOUNT):
        attempts.begin("ada@example.org", f"192.0.2.{number}")
    clock.advance(100)
    with pytest.raises(TooManyAttempts, match="try again in 800 seconds") as raised:
        attempts.begin("ada@example.org", "198.51.100.1")
    assert raised.value.wait_s == WINDOW_S - 100
    attempts.begin("eve@example.org", ADDRESS)
    clock.advance(WINDOW_S - 100)
    attempts.begin("ada@example.org", ADDRESS)


def test_a_right_password_clears_the_account_but_not_the_address(attempts: Attempts) -> None:
    for _ in range(3):
        for _ in range(PER_ACCOUNT):
            attempts.begin("ada@example.org", ADDRESS)
        attempts.succeed("ada@example.org", ADDRESS)
    for number in range(PER_ADDRESS - 3 * (PER_ACCOUNT - 1)):
        attempts.begin(f"user{number}@example.org", ADDRESS)
    with pytest.raises(TooManyAttempts):
        attempts.begin("another@example.org", ADDRESS)
    attempts.begin("another@example.org", "198.51.100.1")


def test_right_passwords_never_close_an_address(attempts: Attempts) -> None:
    for _ in range(PER_ADDRESS + 20):
        attempts.begin("ada@example.org", ADDRESS)
        attempts.succeed("ada@example.org", ADDRESS)


def test_attempts_at_the_same_time_are_all_counted(
    attempts: Attempts, database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock
) -> None:
    others = [Attempts(database, secrets, clock) for _ in range(4)]

    def attempt(number: int) -> bool:
        try:
            others[number % 4].begin("ada@example.org", None)
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(40))) == PER_ACCOUNT


def test_what_is_kept_names_nobody_and_goes(attempts: Attempts, database: SqlDatabase, clock: ManualClock) -> None:
    attempts.begin("ada@example.org", ADDRESS)
    with database.read() as conn:
        stored = str(conn.execute(sa.select(sign_in_attempts)).all())
    assert "ada" not in stored
    assert ADDRESS not in stored
    clock.advance(WINDOW_S)
    attempts.prune()
    with database.read() as conn:
        assert conn.execute(sa.select(sign_in_attempts)).all() == []
