"""A classic experiment comes in through the command line, with a report, and is an experiment like any other."""

from __future__ import annotations

import json
from pathlib import Path

from tests.acceptance.server import Server
from tests.command_line import restudio

CASES = Path(__file__).parents[1] / "unit" / "graph" / "cases" / "classic"


def test_import_reports_and_keeps_everything(server: Server) -> None:
    told = restudio("experiments", "import", CASES / "studio.json", "--json", "--home", server.home)
    assert told.returncode == 0, told.stderr
    imported = json.loads(told.stdout)
    assert imported["experiment"]["title"] == "Churn training"
    assert [finding["line"] for finding in imported["findings"]] == [8, 34, 17, None]
    text = server.client().experiments.export_yaml(imported["experiment"]["id"])
    assert "unknown-0123456789abcdef0123456789abcdef" in text
    assert "Fortune = blue" in text
