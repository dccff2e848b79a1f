"""Execution of a predictive deployment: its files through its scorer."""

from __future__ import annotations

from restudio.scoring.batch import score_file
from restudio.scoring.jobs.types import IsCancelled, JobFiles, Progress
from restudio.scoring.scorer import Scorer

_TELL_EVERY = 100_000


def run_scoring(scorer: Scorer, files: JobFiles, progress: Progress, is_cancelled: IsCancelled) -> None:
    """Score the input files into the output files, telling the rows done now and then."""
    told = 0

    def on_rows(rows: int) -> None:
        nonlocal told
        if rows - told >= _TELL_EVERY:
            told = rows
            progress(f"{rows} rows scored")

    score_file(scorer, files.inputs, files.outputs, on_rows, is_cancelled)
