"""kill -9 of the process that carries a pipeline run out, at every commit it makes: the run ends once, each effect is
there once, and no activity that is over runs again."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import pipeline_worker

from restudio.factory.runs import store
from restudio.factory.runs.events import Ended
from restudio.factory.runs.state import fold
from restudio.storage.db import open_database

DEATHS = int(os.environ.get("RESTUDIO_PIPELINE_DEATHS", "10"))
"""At random moments; ``make soak`` has fifty."""
EFFECTS = Counter(["extract", "extract-train", "score-0", "score-1", "score-2", "update", "inner", "report"])


class Worker:
    """The forking process of ``pipeline_worker``."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.e2e.pipeline_worker"]
        root = Path(pipeline_worker.__file__).parents[2]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)

    def tell(self, **order: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


RUN = str(uuid.uuid4())


@pytest.fixture(scope="module")
def beginning(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which the run is to begin."""
    folder = tmp_path_factory.mktemp("beginning")
    assert worker.tell(db=f"sqlite:///{folder}/db", folder=str(folder), run=RUN, make=True) == 0
    return folder / "db"


class Story:
    """One run, from its beginning to its end."""

    def __init__(self, worker: Worker, beginning: Path, folder: Path) -> None:
        folder.mkdir()
        shutil.copy(beginning, folder / "db")
        self.folder = folder
        self.run = RUN
        self.url = f"sqlite:///{folder}/db"
        self._worker = worker

    def live(self, commit: int | None = None, *, after: bool = False) -> int:
        return self._worker.tell(db=self.url, folder=str(self.folder), run=self.run, commit=commit, after=after)

    def calls(self) -> Counter[str]:
        path = self.folder / "calls"
        return Counter(path.read_text().split()) if path.exists() else Counter()

    def ended(self) -> set[str]:
        """Values of activities whose end is durable."""
        found = set()
        for run in self._runs():
            ends = [event for event in self._events(run) if isinstance(event, Ended) and isinstance(event.output, dict)]
            found |= {str(end.output.get("value")) for end in ends}
        return found & set(EFFECTS)

    def check(self) -> None:
        """The run and its child succeeded, told once; every effect is there once."""
        runs = self._runs()
        assert len(runs) == 2
        for run in runs:
            told = self._events(run)
            assert fold(told).status == "Succeeded"
            ends = [event.path for event in told if isinstance(event, Ended)]
            assert len(ends) == len(set(ends)), "an activity ended twice"
        effects = [path.read_text() for path in (self.folder / "effects").iterdir()]
        assert Counter(effects) == EFFECTS

    def _runs(self) -> list[str]:
        database = open_database(self.url)
        with database.read() as conn:
            found = [self.run, *store.list_children(conn, self.run)]
        database.close()
        return found

    def _events(self, run: str) -> list[Any]:
        database = open_database(self.url)
        with database.read() as conn:
            found = [event for _, event in store.list_events(conn, run)]
        database.close()
        return found


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after it"])
def test_killed_at_every_commit_a_run_ends_once(worker: Worker, beginning: Path, tmp_path: Path, after: bool) -> None:
    commit = 0
    while True:
        commit += 1
        story = Story(worker, beginning, tmp_path / str(commit))
        status = story.live(commit, after=after)
        over, calls = story.ended(), story.calls()
        if status == 0:
            story.check()
            break
        assert status == -9
        assert story.live() == 0
        story.check()
        again = story.calls() - calls
        assert not over & set(again), f"killed at commit {commit}: {over & set(again)} were over, and ran again"
    assert commit > 10, "there are fewer boundaries than activities"


def test_killed_again_and_again_a_run_ends_once(worker: Worker, beginning: Path, tmp_path: Path) -> None:
    numbers, deaths, stories = random.Random(20260101), 0, 0
    while deaths < DEATHS:
        stories += 1
        story = Story(worker, beginning, tmp_path / str(stories))
        while (status := story.live(numbers.randint(1, 4), after=numbers.random() < 0.5)) != 0:
            assert status == -9
            deaths += 1
        story.check()
