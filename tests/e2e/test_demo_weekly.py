"""A quarter of weekly retraining, as the demo plays it; and what a person finds in its home afterwards."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.command_line import restudio, restudio_here
from tests.e2e.server import started

from restudio.cli.weekly_demo import ENDPOINT, WEEKS

WEEK = timedelta(days=7)


def test_every_week_is_one_window_one_run_one_revision(tmp_path: Path) -> None:
    done = restudio("demo", "retrain-weekly", "--home", tmp_path, "--json", timeout=600)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    weeks = report["weeks"]
    assert [week["status"] for week in weeks] == ["Succeeded"] * WEEKS
    assert [week["revision"] for week in weeks] == list(range(2, WEEKS + 2))
    starts = [datetime.fromisoformat(week["start"]) for week in weeks]
    assert starts == [starts[0] + number * WEEK for number in range(WEEKS)]
    assert [week["end"] for week in weeks[:-1]] == [week["start"] for week in weeks[1:]]
    assert len({week["run"] for week in weeks}) == WEEKS
    assert [week["rows"] for week in weeks] == sorted({week["rows"] for week in weeks})
    assert weeks[-1]["score"] > report["first_score"]

    server = started(tmp_path)
    try:
        told = restudio_here("endpoints", "ledger", report["service"], ENDPOINT, "--home", tmp_path, "--json")
        ledger = json.loads(told.stdout)
        fired = restudio_here("factory", "trigger", "runs", "--name", report["trigger"], "--home", tmp_path, "--json")
        windows = json.loads(fired.stdout)
    finally:
        server.stop()
    assert ledger == report["ledger"]
    assert [(line["number"], line["live"]) for line in ledger] == [(n, n == WEEKS + 1) for n in range(WEEKS + 1, 0, -1)]
    for week, line in zip(weeks, ledger[-2::-1], strict=True):
        assert week["run"] in line["why"]
        # The week after the end of its window: the clock stood in the middle of a week and leapt by whole ones.
        end = datetime.fromisoformat(week["end"]).replace(tzinfo=UTC)
        assert end <= datetime.fromtimestamp(line["at"], UTC) < end + WEEK + timedelta(hours=1)
    assert len(windows) == WEEKS
    assert {each["properties"]["State"] for each in windows} == {"Succeeded"}


def test_data_that_cannot_be_retrained_on_is_told_before_a_server_starts(tmp_path: Path) -> None:
    file = tmp_path / "cars.csv"
    file.write_text("wheels,price\n4,100\n3,50\n", encoding="utf-8")
    mistakes: list[tuple[list[str], str]] = [
        (["--data", str(file)], "--data FILE and --label COLUMN go together"),
        (["--data", str(file), "--label", "prise"], "prise"),
        (["--data", str(tmp_path / "none.csv"), "--label", "price"], "none.csv"),
    ]
    for arguments, words in mistakes:
        told = restudio("demo", "retrain-weekly", "--home", tmp_path / "home", *arguments)
        assert (told.returncode, words in told.stderr) == (1, True), told.stderr
    assert not (tmp_path / "home").exists()
