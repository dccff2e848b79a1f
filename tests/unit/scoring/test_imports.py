"""What a scoring process loads: no data frame library, no learner, none of LightGBM's Python."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"lightgbm", "pandas", "polars", "scipy", "sklearn", "sqlalchemy", "litestar"}
PROGRAM = """
import sys
import restudio.http.rrs, restudio.scoring.compile, restudio.scoring.dataplane, restudio.kernels.trees
from restudio.kernels.lightgbm_library import load_library
load_library()
print(" ".join(sys.modules))
"""


def test_scoring_loads_no_heavy_library() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    assert HEAVY.isdisjoint(done.stdout.split())
