from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from restudio.storage.clock import ManualClock
from restudio.storage.leases import FileLeases, Leases, PostgresLeases


@pytest.fixture(params=["files", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Callable[[], Leases]]:
    """Makes the view of one process after another on the same leases."""
    made: list[Leases] = []
    make_postgresql: Callable[[], str] = request.getfixturevalue("make_postgresql")
    address = make_postgresql() if request.param == "postgresql" else ""

    def one() -> Leases:
        made.append(PostgresLeases(address, clock) if address else FileLeases(tmp_path))
        return made[-1]

    yield one
    for leases in made:
        leases.release()


def test_a_lease_has_one_holder(make: Callable[[], Leases], clock: ManualClock) -> None:
    one, other = make(), make()
    assert one.hold("a")
    assert not other.hold("a")
    assert other.hold("b")
    one.keep()
    for _ in range(3):
        assert not other.is_free("a")
        assert not one.is_free("b")
        clock.advance(10)


def test_a_lease_given_back_is_free_after_a_grace(make: Callable[[], Leases], clock: ManualClock) -> None:
    one, other = make(), make()
    assert one.hold("a")
    assert not other.is_free("a")
    one.release()
    other.is_free("a")
    clock.advance(2)
    assert other.is_free("a")
    assert other.hold("a")


def test_a_name_never_held_is_free(make: Callable[[], Leases], clock: ManualClock) -> None:
    leases = make()
    leases.is_free("nobody")
    clock.advance(2)
    assert leases.is_free("nobody")


def test_a_living_holder_takes_its_lease_back_from_a_restarted_server(
    make_postgresql: Callable[[], str], clock: ManualClock
) -> None:
    address = make_postgresql()
    holder, other = PostgresLeases(address, clock), PostgresLeases(address, clock)
    assert holder.hold("a")
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'restudio worker'"
        )
    assert not other.is_free("a")  # free, but its holder has time to come back
    holder.keep()
    clock.advance(10)
    assert not other.is_free("a")
    holder.release()
