"""The Python side of a user's R script. Its text is run as a script in the sandbox, where it starts R.

Stands alone: the sandbox knows pandas, but nothing of ours. What R and Python hand to each other are folders with one
text file a column, so that R needs no packages. ``RSCRIPT``, ``SCRIPT``, ``RUNNER`` and ``SEED`` are written below it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

RSCRIPT = "Rscript"
SCRIPT = RUNNER = ""
SEED: int | None = None
MARK = "R said: "
_MISSING = r"\N"
_BUNDLE, _SOURCES = "Script Bundle", "src"
_MOST_INTEGER = 2**31


def azureml_main(
    dataframe1: pd.DataFrame | None = None, dataframe2: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, ...]:
    """Run the R script over the frames; what it returns, in order."""
    if Path(_BUNDLE).is_dir():
        shutil.copytree(_BUNDLE, _SOURCES)
    exchange = Path("exchange")
    for number, frame in enumerate((dataframe1, dataframe2), start=1):
        if frame is not None:
            write_frame(frame, exchange / f"in{number}")
    exchange.mkdir(exist_ok=True)
    (exchange / "script.R").write_text(SCRIPT, encoding="utf-8")
    (exchange / "runner.R").write_text(RUNNER, encoding="utf-8")
    seed = [] if SEED is None else [str(SEED % _MOST_INTEGER)]
    done = subprocess.run([RSCRIPT, "--vanilla", str(exchange / "runner.R"), *seed], check=False)
    failure = exchange / "error.txt"
    if done.returncode or failure.exists():
        said = failure.read_text(encoding="utf-8", errors="replace") if failure.exists() else "it ended without a word"
        raise RuntimeError(MARK + said)
    found = (exchange / f"out{number}" for number in (1, 2))
    return tuple(read_frame(folder) for folder in found if folder.is_dir())


def write_frame(frame: pd.DataFrame, folder: Path) -> None:
    """``columns`` has a line for each column, kind and name; its cells are in the file of its number."""
    folder.mkdir(parents=True)
    kinds = []
    for number, name in enumerate(frame.columns, start=1):
        kind, cells, levels = _to_texts(frame[name])
        kinds.append(f"{kind}\t{_escape(str(name))}")
        _write_lines(folder / str(number), cells)
        if levels is not None:
            _write_lines(folder / f"{number}.levels", levels)
    _write_lines(folder / "columns", kinds)
    _write_lines(folder / "rows", [str(len(frame))])


def _to_texts(series: pd.Series) -> tuple[str, list[str], list[str] | None]:
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        levels = [_escape(str(level)) for level in series.cat.categories]
        cells = [_MISSING if pd.isna(cell) else _escape(str(cell)) for cell in series.astype(object)]
        return "factor", cells, levels
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return "time", _seconds(series - pd.Timestamp(0)), None
    if pd.api.types.is_timedelta64_dtype(series.dtype):
        return "span", _seconds(series), None
    present = series.dropna()
    if pd.api.types.is_bool_dtype(series.dtype) or (len(present) and all(isinstance(c, bool) for c in present)):
        return "logical", [_MISSING if pd.isna(c) else ("TRUE" if c else "FALSE") for c in series], None
    if pd.api.types.is_numeric_dtype(series.dtype):
        whole = pd.api.types.is_integer_dtype(series.dtype) and all(abs(int(c)) < _MOST_INTEGER for c in present)
        cells = [_MISSING if pd.isna(c) else repr(int(c)) if whole else repr(float(c)) for c in series]
        return "integer" if whole else "double", cells, None
    return "text", [_MISSING if pd.isna(c) else _escape(str(c)) for c in series], None


def _seconds(series: pd.Series) -> list[str]:
    import pandas as pd

    return [_MISSING if pd.isna(c) else repr(c.total_seconds()) for c in series]


def read_frame(folder: Path) -> pd.DataFrame:
    """A frame that R wrote."""
    import pandas as pd

    columns = {}
    for number, line in enumerate(_read_lines(folder / "columns"), start=1):
        kind, _, name = line.partition("\t")
        cells = _read_lines(folder / str(number))
        levels = _read_lines(folder / f"{number}.levels") if kind == "factor" else None
        columns[_unescape(name)] = _from_texts(kind, cells, levels)
    return pd.DataFrame(columns)


def _from_texts(kind: str, cells: list[str], levels: list[str] | None) -> pd.Series:
    import pandas as pd

    known = [None if cell == _MISSING else _unescape(cell) for cell in cells]
    if kind == "factor":
        return pd.Series(pd.Categorical(known, [_unescape(level) for level in levels or ()]))
    if kind == "logical":
        return pd.Series([None if c is None else c == "TRUE" for c in known], dtype="boolean")
    if kind == "integer":
        return pd.Series([None if c is None else int(c) for c in known], dtype="Int64")
    if kind == "double":
        # A masked column keeps NaN, which is a value, apart from missing cells.
        import pyarrow as pa

        doubles = pa.array([None if c is None else float(c) for c in known], pa.float64())
        return pd.Series(doubles, dtype=pd.ArrowDtype(pa.float64()))
    if kind in ("time", "span"):
        spans = pd.Series([None if c is None else round(float(c) * 1e6) for c in known], dtype="Int64")
        numbers = pd.to_timedelta(spans.astype("float64"), unit="us")
        return numbers + pd.Timestamp(0) if kind == "time" else numbers
    return pd.Series(known, dtype=object)


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace("\r", r"\r")


def _unescape(text: str) -> str:
    parts = text.split("\\\\")
    return "\\".join(part.replace(r"\n", "\n").replace(r"\r", "\r") for part in parts)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_bytes("".join(line + "\n" for line in lines).encode())


def _read_lines(path: Path) -> list[str]:
    return path.read_bytes().decode().split("\n")[:-1]
