"""Gate: the new model scores the sample rows with finite numbers."""

from __future__ import annotations

import math

from restudio.core.errors import RestudioError
from restudio.endpoints.gate import Candidate, Verdict, gate
from restudio.endpoints.samples import typed_rows


@gate(id="scores-sample-rows", name="Scores the sample rows", order=20)
def scores_sample_rows(candidate: Candidate) -> Verdict:
    """Scores the rows that the version was published with; every number of the answer must be finite."""
    inputs = {port.name: typed_rows(port) for port in candidate.version.inputs}
    if not inputs or not all(inputs.values()):
        return Verdict(None, "The service has no sample rows.")
    try:
        answer = candidate.scorer().score_rows(inputs)
    except RestudioError as error:
        return Verdict(False, f"It fails on the sample rows: {error.message}")
    for port, result in answer.items():
        for number, row in enumerate(result.rows, 1):
            for column, cell in zip(result.schema, row, strict=True):
                if column.score is not None and isinstance(cell, float) and not math.isfinite(cell):
                    return Verdict(False, f"On sample row {number}, '{column.name}' of '{port}' came out as {cell}.")
    return Verdict(True, f"{max(len(rows) for rows in inputs.values())} sample rows scored with finite numbers.")
