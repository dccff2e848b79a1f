"""Users, items and ratings as numbers: what a recommender learns from and is judged by."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from restudio.core.cells import Cell
from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType
from restudio.tables.table import Table

_LARGEST = 1e100
_TIMES = (DType.DATETIME, DType.TIMESPAN)


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """Triples as positions in ``users`` and ``items`` (in order of first occurrence), and values.

    ``levels`` are the ratings that a categorical or text column can hold, in order; its values are their positions.
    """

    users: tuple[Cell, ...]
    items: tuple[Cell, ...]
    user: np.ndarray
    item: np.ndarray
    value: np.ndarray
    levels: tuple[Cell, ...]

    def by_user(self) -> dict[Cell, dict[Cell, float]]:
        found: dict[Cell, dict[Cell, float]] = {}
        for u, i, value in zip(self.user.tolist(), self.item.tolist(), self.value.tolist(), strict=True):
            found.setdefault(self.users[u], {})[self.items[i]] = value
        return found

    def by_item(self) -> dict[Cell, dict[Cell, float]]:
        found: dict[Cell, dict[Cell, float]] = {}
        for user, rated in self.by_user().items():
            for item, value in rated.items():
                found.setdefault(item, {})[user] = value
        return found


def read_ratings(table: Table) -> Ratings:
    """Users, items and ratings from the first three columns; rows with a gap are left out.

    Errors: 0022 fewer columns, 0017 ratings of another kind, 0018 no ratings, 0034 a pair rated twice.
    """
    if len(table.names) < 3:
        raise ModuleError("0022", f"Users, items and ratings are three columns, got {len(table.names)}.")
    column = table.schema.columns[2]
    if column.dtype in (*_TIMES, DType.BOOLEAN):
        raise ModuleError("0017", f"Ratings cannot be {column.dtype.value}.", column=column.name)
    triples = list(zip(*(table.data.column(i).to_pylist() for i in range(3)), strict=True))
    rows = [(row, t) for row, t in enumerate(triples, start=1) if not any(is_missing(cell) for cell in t)]
    levels = _levels(column, [t[2] for _, t in rows])
    at = {level: float(position) for position, level in enumerate(levels)}
    seen: set[tuple[Cell, Cell]] = set()
    for row, (user, item, _) in rows:
        if (user, item) in seen:
            raise ModuleError("0034", f"User {user!r} rates item {item!r} more than once, again in row {row}.", row=row)
        seen.add((user, item))
    if not rows:
        raise ModuleError("0018", "There is no row with a user, an item and a rating.")
    users, items = positions(t[0] for _, t in rows), positions(t[1] for _, t in rows)
    values = np.array([at[t[2]] if levels else float(t[2]) for _, t in rows])
    if not (np.abs(values) < _LARGEST).all():
        raise ModuleError("0018", f"Column '{column.name}' has ratings that are too large.", column=column.name)
    return Ratings(
        users=tuple(users),
        items=tuple(items),
        user=np.array([users[t[0]] for _, t in rows]),
        item=np.array([items[t[1]] for _, t in rows]),
        value=values,
        levels=levels,
    )


def positions(cells: Iterable[Cell]) -> dict[Cell, int]:
    """Distinct cells with their position, in order of first occurrence."""
    found: dict[Cell, int] = {}
    for cell in cells:
        found.setdefault(cell, len(found))
    return found


def is_missing(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _levels(column: Column, values: Sequence[Cell]) -> tuple[Cell, ...]:
    if column.is_categorical:
        declared = list(column.categories or ())
        return (*declared, *sorted(set(values) - set(declared)))  # type: ignore[type-var]  # cells of one column compare
    return tuple(sorted(set(values))) if column.dtype is DType.STRING else ()  # type: ignore[type-var]  # texts compare


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """Features of users or items by id, as rows of numbers."""

    rows: Mapping[Cell, np.ndarray]

    @property
    def width(self) -> int:
        return len(next(iter(self.rows.values()), np.empty(0)))


Encoding = list[dict[str, object]]
"""How feature columns become numbers: ``{"name", "mean", "scale"}``, or ``{"name", "levels"}``."""


def learn_encoding(table: Table) -> Encoding:
    """From a feature table whose first column is the id. Errors: 0022 without columns, 0053 without features."""
    _ensure_features(table)
    learned: Encoding = []
    for column in table.schema.columns[1:]:
        cells = [cell for cell in table.column(column.name).to_pylist() if not is_missing(cell)]
        if column.is_categorical or column.dtype is DType.STRING:
            learned.append({"name": column.name, "levels": sorted({str(cell) for cell in cells})})
        elif column.dtype not in _TIMES:
            numbers = np.array([float(cell) for cell in cells if math.isfinite(cell)])
            # Scaled first: squares of numbers near the largest double overflow.
            size = float(np.abs(numbers).max()) if len(numbers) else 0.0
            mean = float((numbers / size).mean()) * size if size else 0.0
            spread = float(np.std(numbers / size)) * size if size else 0.0
            learned.append({"name": column.name, "mean": mean, "scale": spread or 1.0})
    return learned


def _ensure_features(table: Table) -> None:
    if not table.names:
        raise ModuleError("0022", "A dataset of features has the id in its first column; it has no columns.")
    if len(table.names) < 2:
        raise ModuleError("0053", f"There is no feature column beside the id '{table.names[0]}'.")


def encode(table: Table, encoding: Encoding) -> Attributes:
    """Rows of numbers by id; missing numbers count as the mean. Errors: 0001 column gone, 0036 an id twice, 0053."""
    _ensure_features(table)
    ids = table.data.column(0).to_pylist()
    parts: list[np.ndarray] = []
    for rule in encoding:
        name = str(rule["name"])
        cells = table.column(name).to_pylist()
        if "levels" in rule:
            texts = np.array([None if cell is None else str(cell) for cell in cells], object)
            parts += [(texts == level).astype(np.float64) for level in rule["levels"]]  # type: ignore[attr-defined]  # a list by construction
        else:
            mean, scale = float(str(rule["mean"])), float(str(rule["scale"]))
            known = [isinstance(c, (int, float)) and math.isfinite(c) for c in cells]
            parts.append(np.array([(c - mean) / scale if k else 0.0 for c, k in zip(cells, known, strict=True)]))
    matrix = np.column_stack(parts) if parts else np.zeros((len(ids), 0))
    rows: dict[Cell, np.ndarray] = {}
    for row, (id_, numbers) in enumerate(zip(ids, matrix, strict=True), start=1):
        if is_missing(id_):
            continue
        if id_ in rows:
            raise ModuleError("0036", f"The features of {id_!r} stand in several rows, again in row {row}.", row=row)
        rows[id_] = numbers
    return Attributes(rows)
