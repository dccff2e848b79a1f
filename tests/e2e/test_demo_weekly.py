"""A quarter of weekly retraining, as the demo plays it; and what a person finds in its home afterwards."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.command_line import restudio, restudio_here

from restudio.cli.weekly_demo import ENDPOINT, WEEKS
from restudio.client.credentials import read_credentials

WEEK = timedelta(days=7)


def test_every_week_is_one_window_one_run_one_revision(tmp_path: Path) -> None:
    done = restudio("demo", "retrain-weekly", "--home", tmp_path, "--json", "--keep", timeout=600)
    assert done.returncode == 0, done.stderr
    kept = re.fullmatch(r"The server keeps running at (\S+); stop it with: kill (\d+)\n", done.stderr)
    assert kept is not None, done.stderr
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

    try:
        assert httpx.get(f"{report['url']}/health/ready").status_code == 200
        assert kept[1] == report["url"]
        told = restudio_here("endpoints", "ledger", report["service"], ENDPOINT, "--home", tmp_path, "--json")
        ledger = json.loads(told.stdout)
        fired = restudio_here("factory", "trigger", "runs", "--name", report["trigger"], "--home", tmp_path, "--json")
        windows = json.loads(fired.stdout)
    finally:
        stop_server(int(kept[2]))
    assert ledger == report["ledger"]
    assert [(line["number"], line["live"]) for line in ledger] == [(n, n == WEEKS + 1) for n in range(WEEKS + 1, 0, -1)]
    for week, line in zip(weeks, ledger[-2::-1], strict=True):
        assert week["run"] in line["why"]
        # The week after the end of its window: the clock stood in the middle of a week and leapt by whole ones.
        end = datetime.fromisoformat(week["end"]).replace(tzinfo=UTC)
        assert end <= datetime.fromtimestamp(line["at"], UTC) < end + WEEK + timedelta(hours=1)
    assert len(windows) == WEEKS
    assert {each["properties"]["State"] for each in windows} == {"Succeeded"}


def stop_server(pid: int) -> None:
    """As a person ends it. It is no child of ours: it is gone when its id is."""
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]:
        assert time.monotonic() < deadline, f"{pid} does not end"
        time.sleep(0.05)


def test_weeks_that_fail_are_told_and_leave_the_endpoint_as_it_was(tmp_path: Path) -> None:
    """A cell that is no number arrives in the middle of the quarter, and stays in the data of all later weeks."""
    chance = random.Random(3)
    points = [(chance.gauss(0, 1), chance.gauss(0, 1)) for _ in range(400)]
    rows = [[f"{a:.3f}", f"{b:.3f}", "yes" if a + b > 0 else "no"] for a, b in points]
    rows[155][0] = "oops"
    file = tmp_path / "visits.csv"
    file.write_text("\n".join(["a,b,bought", *(",".join(row) for row in rows)]), encoding="utf-8")
    home = tmp_path / "home"
    done = restudio(
        "demo", "retrain-weekly", "--home", home, "--data", file, "--label", "bought", "--keep", timeout=600
    )
    assert done.returncode == 1
    weeks = [line for line in done.stdout.splitlines() if re.match(r"  \d{4}-\d\d-\d\d – ", line)]
    assert len(weeks) == WEEKS
    good = sum("rows  Succeeded: revision" in line for line in weeks)
    assert 0 < good < WEEKS - 1
    assert "rows  Failed: Operation on target Train failed: Batch Execution failed." in weeks[good]
    assert "column 'a': expected Double, got 'oops'" in weeks[good]
    assert all(line.endswith("rows  Failed: as the week before") for line in weeks[good + 1 :])
    ledger = done.stdout.partition("The ledger of endpoint")[2]
    assert ledger.count("Pipeline RetrainWeekly, activity Update, run") == good
    told = " ".join(done.stderr.split())
    assert f"Error (WeekFailed): {WEEKS - good} of {WEEKS} weeks put no new model live; the first is that of" in told
    with pytest.raises(httpx.ConnectError):  # it is kept when all went well alone
        httpx.get(f"{read_credentials(home).url}/health/ready")


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
