"""Ten deaths of the server under work; ``make soak`` does a hundred."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.soak import soak


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    done = soak(tmp_path / "home", rounds=10, seed=20)
    assert done.jobs
    assert done.runs
    assert done.revisions
