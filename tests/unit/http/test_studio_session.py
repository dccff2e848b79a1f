"""Signing in over HTTP."""

from __future__ import annotations

from litestar.testing import create_test_client

from restudio.http.answers import EXCEPTION_HANDLERS
from restudio.http.door import Door
from restudio.http.studio_session import routes
from restudio.identity.attempts import PER_ACCOUNT
from restudio.identity.service import IdentityService
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets


def test_too_many_attempts_are_told_to_wait(
    sqlite_database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock
) -> None:
    identity = IdentityService(sqlite_database, secrets, clock)
    identity.create_user("ada@example.org", "correct horse")
    with create_test_client(routes(identity, Door(identity)), exception_handlers=EXCEPTION_HANDLERS) as client:

        def sign_in(password: str) -> tuple[int, str | None]:
            answer = client.post("/studio/api/login", json={"user": "ada@example.org", "password": password})
            return answer.status_code, answer.headers.get("retry-after")

        assert sign_in("correct horse") == (200, None)
        for _ in range(PER_ACCOUNT):
            assert sign_in("wrong horse") == (401, None)
        assert sign_in("correct horse") == (429, "900")
        clock.advance(900)
        assert sign_in("correct horse") == (200, None)
