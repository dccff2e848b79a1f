"""Each example is played once on the server of the session."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.acceptance.examples.played import Played, play
from tests.acceptance.server import Server

Plays = Callable[[str], Played]


@pytest.fixture(scope="session")
def plays(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Plays:
    known: dict[str, Played] = {}

    def get(name: str) -> Played:
        if name not in known:
            known[name] = play(server, tmp_path_factory.mktemp(name), name)
        return known[name]

    return get
