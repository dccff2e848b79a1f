"""An example taken from its file to a service on a real server, and what the tests ask of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np
import polars as pl
import pytest
from tests.acceptance.server import Server

from restudio.cli.console import Output
from restudio.cli.example_loop import ExampleLoop, ExampleReport
from restudio.cli.examples import Example, load_examples
from restudio.client import Client
from restudio.client.blobs import BlobAccount

SHARED = Path(__file__).parents[4] / "shared" / "data"


@dataclass(frozen=True)
class Played:
    """``folder`` holds the data sets that the experiment read, which its program writes always alike."""

    client: Client
    report: ExampleReport
    folder: Path

    def data(self, name: str, *, header: bool = True) -> pl.DataFrame:
        """A data set as a library reads it."""
        return pl.read_csv(self.folder / name, has_header=header, infer_schema_length=None)

    def output(self, node: str, port: str) -> pl.DataFrame:
        """A whole table at an output of the training run."""
        file = self.folder / "output.csv"
        self.client.runs.download(self.report.run, node, port, file)
        # Polars leaves doubled quotes in names as they are.
        return pl.read_csv(file, infer_schema_length=None).rename(lambda name: name.replace('""', '"'))

    def shown(self, place: str) -> list[dict[str, float]]:
        return self.report.shows[place]

    @property
    def metrics(self) -> dict[str, float]:
        """The first row of what the example shows first."""
        return next(iter(self.report.shows.values()))[0]


def play(server: Server, name: str, write: Callable[[Example, Path | None], Path]) -> Played:
    """Train, publish, score by request and by batch; skipped where the public file that it reads is absent.

    ``write`` gives a folder with its data.
    """
    example = load_examples()[name]
    real = SHARED if example.real else None
    if example.real and not (SHARED / example.real).exists():
        pytest.skip(f"../shared/data/{example.real} is absent")
    client = server.client()
    account = BlobAccount(server.credentials.storage_connection_string)
    report = ExampleLoop(Output(as_json=True), client, account, name, example, real).run()
    assert report.equal
    assert report.scored > 0
    return Played(client, report, write(example, real))


def first_part(rows: int, fraction: float, seed: int) -> np.ndarray:
    """Which rows Split Data puts first: the beginning of a random order, written out."""
    mask = np.zeros(rows, np.bool_)
    mask[np.random.default_rng(seed).permutation(rows)[: int(np.floor(rows * fraction + 0.5))]] = True
    return mask


def stratified(labels: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """As :func:`first_part`, the same share of every label, in the order in which labels occur."""
    random, first = np.random.default_rng(seed), np.zeros(len(labels), np.bool_)
    for label in dict.fromkeys(labels.tolist()):
        rows = np.flatnonzero(labels == label)
        first[random.permutation(rows)[: int(np.floor(len(rows) * fraction + 0.5))]] = True
    return first


def trees(
    matrix: np.ndarray, target: np.ndarray, *, categorical: Sequence[int] = (), rounds: int = 100, **settings: object
) -> lightgbm.Booster:
    """LightGBM as a person would call it, with the defaults of the boosted tree modules."""
    chosen = {
        "num_leaves": 20, "min_data_in_leaf": 10, "learning_rate": 0.2, "seed": 42, "deterministic": True,
        "force_row_wise": True, "num_threads": 1, "verbosity": -1, **settings,
    }  # fmt: skip
    data = lightgbm.Dataset(matrix, target, categorical_feature=list(categorical), params=chosen)
    return lightgbm.train(chosen, data, rounds)


def codes(column: pl.Series, learned: np.ndarray) -> np.ndarray:
    """Numbers as they are, texts as the place of their level among the learned ones."""
    if column.dtype != pl.String:
        return column.to_numpy().astype(float)
    places = {level: float(at) for at, level in enumerate(sorted(set(column.filter(learned).drop_nulls())))}
    return np.array([places.get(text, np.nan) for text in column])


def coded(table: pl.DataFrame, learned: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """A table as numbers, and which of its columns are texts."""
    texts = [at for at, name in enumerate(table.columns) if table[name].dtype == pl.String]
    return np.column_stack([codes(table[name], learned) for name in table.columns]), texts
