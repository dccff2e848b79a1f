"""Who else has an account on the machine learns nothing from a home folder; weak sandboxes are told."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from tests.acceptance.server import Server

from restudio.engine import bubblewrap


def test_a_home_is_for_its_user_alone(tmp_path: Path) -> None:
    home = tmp_path / "fresh" / "home"
    server = Server(home).start()
    try:
        made = [path for path in home.rglob("*") if path.name != "server.log"]
        assert len(made) > 5
        for path in made:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    finally:
        server.stop()


def test_a_server_without_bubblewrap_says_what_is_weaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    server = Server(tmp_path / "home").start()
    server.stop()
    assert "bubblewrap (bwrap) is not installed" in (tmp_path / "home" / "server.log").read_text()


@pytest.mark.skipif(bubblewrap.find_obstacle() is not None, reason=str(bubblewrap.find_obstacle()))
def test_a_server_with_bubblewrap_warns_of_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path / "home").start()
    server.stop()
    assert "Scripts run" not in (tmp_path / "home" / "server.log").read_text()
