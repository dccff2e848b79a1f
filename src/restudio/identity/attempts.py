"""Attempts to sign in, counted so that passwords cannot be guessed.

Counts are in the database: they hold for all processes together and outlive a restart. An attempt is counted before the
password is looked at, so that many at once do not slip through; a right password takes its own back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from restudio.core.errors import TooManyAttempts
from restudio.seams.clock import Clock
from restudio.seams.database import Database, metadata
from restudio.seams.secrets import Secrets

PER_ACCOUNT = 10
PER_ADDRESS = 100
"""Many people may come from one address."""
WINDOW_S = 900.0

sign_in_attempts = sa.Table(
    "sign_in_attempts",
    metadata,
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)


class Attempts:
    """Counts by account and by the address that a caller comes from; what is kept of them cannot be read back."""

    def __init__(self, db: Database, secrets: Secrets, clock: Clock) -> None:
        self._db = db
        self._secrets = secrets
        self._clock = clock

    def begin(self, account: str, address: str | None) -> None:
        """Count an attempt; ``TooManyAttempts`` when there were too many since the first of the last quarter hour."""
        now = self._clock.now().timestamp()
        for subject, limit in self._limits(account, address).items():
            number, until = self._count(subject, now)
            if number > limit:
                raise TooManyAttempts("sign-in", math.ceil(until - now))

    def succeed(self, account: str, address: str | None) -> None:
        """Forget the attempts on the account, and this one from the address."""
        mine, *others = self._limits(account, address)
        table = sign_in_attempts.c
        with self._db.begin() as conn:
            conn.execute(sign_in_attempts.delete().where(table.subject == mine))
            conn.execute(sign_in_attempts.update().where(table.subject.in_(others)).values(number=table.number - 1))

    def prune(self) -> None:
        """Forget counts that are over."""
        now = self._clock.now().timestamp()
        with self._db.begin() as conn:
            conn.execute(sign_in_attempts.delete().where(sign_in_attempts.c.until <= now))

    def _limits(self, account: str, address: str | None) -> Mapping[str, int]:
        found = {self._secrets.fingerprint(f"sign-in account {account}"): PER_ACCOUNT}
        if address is not None:
            found[self._secrets.fingerprint(f"sign-in address {address}")] = PER_ADDRESS
        return found

    def _count(self, subject: str, now: float) -> tuple[int, float]:
        """The number of this attempt, and when the count is over."""
        try:
            return self._add(subject, now)
        except IntegrityError:  # another process has just counted the first one
            return self._add(subject, now)

    def _add(self, subject: str, now: float) -> tuple[int, float]:
        table = sign_in_attempts
        with self._db.begin() as conn:
            conn.execute(table.delete().where(table.c.subject == subject, table.c.until <= now))
            same = table.c.subject == subject
            if conn.execute(table.update().where(same).values(number=table.c.number + 1)).rowcount == 0:
                conn.execute(table.insert().values(subject=subject, number=1, until=now + WINDOW_S))
            row = conn.execute(sa.select(table).where(same)).one()
        return row.number, row.until
