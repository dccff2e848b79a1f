"""Each example is played once on the server of the session."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.acceptance.examples.played import Played, play
from tests.acceptance.server import Server
from tests.conftest import Written

Plays = Callable[[str], Played]


@pytest.fixture(scope="session")
def plays(server: Server, written: Written) -> Plays:
    known: dict[str, Played] = {}

    def get(name: str) -> Played:
        if name not in known:
            known[name] = play(server, name, written)
        return known[name]

    return get
