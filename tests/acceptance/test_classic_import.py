"""A classic experiment comes in through the command line, with a report, and is an experiment like any other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.acceptance.server import Server

CASES = Path(__file__).parents[1] / "unit" / "graph" / "cases" / "classic"


def test_import_reports_and_keeps_everything(server: Server) -> None:
    command = [sys.executable, "-m", "restudio", "experiments", "import", str(CASES / "studio.json"), "--json"]
    told = subprocess.run([*command, "--home", str(server.home)], check=True, capture_output=True, text=True).stdout
    imported = json.loads(told)
    assert imported["experiment"]["title"] == "Churn training"
    assert [finding["line"] for finding in imported["findings"]] == [8, 34, 17, None]
    text = server.client().experiments.export_yaml(imported["experiment"]["id"])
    assert "unknown-0123456789abcdef0123456789abcdef" in text
    assert "Fortune = blue" in text
