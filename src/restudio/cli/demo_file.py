"""Reading any delimited text file for the demo: which separator, which names, which rows are of use."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from restudio.core.errors import Kind, RestudioError, nearest

Row = dict[str, str]
MISSING = frozenset({"", "?", "NA", "NaN", "null"})
_SEPARATORS = ",\t;|"


def read_rows(file: Path, label: str, *, header: bool = True) -> tuple[list[Row], list[str]]:
    """The rows that have a label, and sentences about what was left out.

    Without ``header`` the columns are called Col1, Col2 …, as the studio calls them.
    """
    first, records = _read(file)
    names = first if header else [f"Col{n}" for n in range(1, len(first) + 1)]
    _ensure_names(file, names, label, header=header)
    rows = [dict(zip(names, record, strict=True)) for record in records[header:] if len(record) == len(names)]
    known = [row for row in rows if row[label] not in MISSING]
    notes = []
    if ragged := len(records) - header - len(rows):
        notes.append(f"{ragged} lines left out: they do not have {len(names)} cells")
    if unknown := len(rows) - len(known):
        notes.append(f"{unknown} rows left out: they have no '{label}'")
    return known, notes


def _read(file: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as source:
            separator = _separator(source.readline())
            source.seek(0)
            reader = csv.reader(source, delimiter=separator, skipinitialspace=True)
            records = [[cell.strip() for cell in record] for record in reader if record]
    except OSError as error:
        raise _bad(f"{file} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise _bad(f"{file} is not a CSV file in UTF-8 ({error}).") from error
    if not records:
        raise _bad(f"{file} is empty.")
    return records[0], records


def _separator(line: str) -> str:
    """The one that cuts the first line into most cells.

    >>> _separator("a;b;c, or d"), _separator("alone")
    (';', ',')
    """
    return max(_SEPARATORS, key=line.count)


def _ensure_names(file: Path, names: Sequence[str], label: str, *, header: bool) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if label in names and not twice:
        return
    if header and _looks_like_data(names):
        raise _bad(
            f"The first line of {file} looks like data, not like names. If the file has no header row, add --no-header;"
            f" its columns are then Col1 to Col{len(names)}, the label often being the last: --label Col{len(names)}."
        )
    if twice:
        raise _bad(f"{file} has more than one column '{twice[0]}'; names must differ.")
    raise _bad(f"{file} has no column '{label}'.{nearest(label, names)}")


def _looks_like_data(cells: Sequence[str]) -> bool:
    return any(cell in MISSING or is_number(cell) for cell in cells)


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _bad(message: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "BadData", message)
