"""Who else has an account on the machine learns nothing from a home folder; weak sandboxes are told."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from tests.acceptance.server import Server, small_server

from restudio.engine import bubblewrap


def test_a_home_is_for_its_user_alone(server: Server) -> None:
    """Whatever the tests before have made it write."""
    walked = os.walk(server.home)
    paths = [Path(folder, name) for folder, folders, files in walked for name in (*folders, *files)]
    modes = {path: _mode(path) for path in paths if path.name != "server.log"}
    assert len(modes) > 5
    assert [path for path, mode in modes.items() if mode & 0o077] == []


def test_a_server_without_bubblewrap_says_what_is_weaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    server = small_server(tmp_path / "home").start()
    server.stop()
    assert "bubblewrap (bwrap) is not installed" in (tmp_path / "home" / "server.log").read_text()


@pytest.mark.skipif(bubblewrap.find_obstacle() is not None, reason=str(bubblewrap.find_obstacle()))
def test_a_server_with_bubblewrap_warns_of_nothing(server: Server) -> None:
    assert "Scripts run" not in (server.home / "server.log").read_text()


def _mode(path: Path) -> int:
    """Permissions; none for what is gone by now."""
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        return 0
