"""The examples as they come with an installed package, far from a checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from restudio.cli.examples import load_examples

ROOT = Path(__file__).parents[2]

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Runs the command of the built wheel, in a folder where nothing else lies."""
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "packages")
    environment = {**os.environ, "PYTHONPATH": str(folder / "packages"), "RESTUDIO_ENGINE_WORKERS": "1"}
    (folder / "empty").mkdir()

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "restudio", *map(str, arguments)]
        return subprocess.run(
            command, cwd=folder / "empty", env=environment, capture_output=True, text=True, timeout=240, check=False
        )

    return run


def test_they_are_listed_with_what_they_show(installed: Command) -> None:
    done = installed("demo", "--list", "--json")
    told = json.loads(done.stdout)
    assert list(told) == ["loop", "designer", "retrain-weekly", *load_examples()]
    assert all(told.values())
    assert len(installed("demo", "--list").stdout.splitlines()) == len(told) + 1


def test_one_plays_from_data_to_batch_and_again_in_the_same_home(installed: Command, tmp_path: Path) -> None:
    first, second = (installed("demo", "automobile-price", "--home", tmp_path / "home", "--json") for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    one, two = json.loads(first.stdout), json.loads(second.stdout)
    assert one["data"] == "written by data/automobile.py"
    assert one["equal"]
    assert two["equal"]
    assert one["predictive_service"] == two["predictive_service"]
    assert one["answer"] == two["answer"]
    [metrics] = one["shows"]["evaluate / Evaluation results"]
    assert metrics["Coefficient of Determination"] > 0.85


def test_a_misspelt_name_gets_a_suggestion(installed: Command) -> None:
    done = installed("demo", "automobile-prize")
    assert done.returncode == 1
    assert "Did you mean 'automobile-price'" in done.stderr
