"""Ten deaths of the server and its processes under work; ``make soak`` does a hundred."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.soak import soak


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_is_lost_when_processes_are_killed(tmp_path: Path) -> None:
    found = soak(tmp_path / "home", kills=10, seed=20, longest=1.0)
    assert found.problems == []
    assert found.jobs
    assert found.runs
    assert found.patches
    assert found.scored
