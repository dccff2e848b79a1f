"""Column metadata: what a table says of itself beside its values (modules reference, section 2)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from restudio.core.errors import ModuleError, nearest


class DType(enum.Enum):
    """Element types of Studio columns. Integers are signed 64-bit, times are UTC-naive with 100 ns ticks in mind."""

    STRING = "String"
    INTEGER = "Integer"
    DOUBLE = "Double"
    BOOLEAN = "Boolean"
    DATETIME = "DateTime"
    TIMESPAN = "TimeSpan"

    @property
    def is_number(self) -> bool:
        """Integer or Double; Boolean is not a number for column selection."""
        return self in (DType.INTEGER, DType.DOUBLE)


class Role(enum.Enum):
    """What a column is for. A column is a feature until something says otherwise."""

    FEATURE = "Feature"
    LABEL = "Label"
    WEIGHT = "Weight"
    FOLD = "Fold"
    """The fold of a row, given by Partition and Sample."""
    NONE = "None"


class Score(enum.Enum):
    """Score-column types (modules reference, section 2.2); values are the designer's type keys."""

    BINARY_LABEL = "Binary Class Assigned Labels"
    PROBABILITY = "Calibrated Score"
    MULTICLASS_LABEL = "Multi Class Assigned Labels"
    CLASS_PROBABILITY = "Multi Class Calibrated Score"
    REGRESSION_LABEL = "Regression Assigned Labels"
    REGRESSION_DEVIATION = "Regression Standard Deviation"
    QUANTILE = "Quantile"
    CLUSTER_LABEL = "Cluster Assigned Labels"
    CLUSTER_DISTANCE = "Distance to Cluster Center"
    ANOMALY_LABEL = "Anomaly Detection Assigned Labels"
    ANOMALY_SCORE = "Anomaly Detection Score"


Level = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``categories`` is None for a plain column, else its ordered levels (without missing)."""

    name: str
    dtype: DType
    categories: tuple[Level, ...] | None = None
    role: Role = Role.FEATURE
    score: Score | None = None
    nullable: bool = True

    @property
    def is_categorical(self) -> bool:
        return self.categories is not None

    @property
    def is_numeric(self) -> bool:
        """Numeric in the sense of selectors: integer or double and not categorical."""
        return self.dtype.is_number and self.categories is None

    @property
    def is_feature(self) -> bool:
        return self.role is Role.FEATURE and self.score is None

    def with_(self, **changes: object) -> Column:
        """A copy with some attributes changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # names of fields by contract


@dataclass(frozen=True, slots=True)
class Schema:
    """Ordered columns with unique names."""

    columns: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for column in self.columns:
            if column.name in seen:
                raise ModuleError("0028", f"The column name '{column.name}' occurs twice.", column=column.name)
            seen.add(column.name)

    @classmethod
    def of(cls, columns: Iterable[Column]) -> Schema:
        return cls(tuple(columns))

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return any(c.name == name for c in self.columns)

    def __getitem__(self, name: str) -> Column:
        """The column of that name; error 0001 with the nearest names when it is missing."""
        return self.columns[self.index(name)]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def index(self, name: str) -> int:
        """Zero-based position of a column; error 0001 when there is none of that name."""
        for position, column in enumerate(self.columns):
            if column.name == name:
                return position
        raise ModuleError("0001", f"Column '{name}' was not found.{nearest(name, self.names)}", column=name)

    def select(self, names: Sequence[str]) -> Schema:
        """These columns, in this order."""
        return Schema(tuple(self[name] for name in names))

    def label(self) -> Column | None:
        """The label column, if one is marked; error 0037 when several are."""
        labels = [c for c in self.columns if c.role is Role.LABEL]
        if len(labels) > 1:
            raise ModuleError("0037", f"Only one label column is allowed, found {', '.join(c.name for c in labels)}.")
        return labels[0] if labels else None

    def features(self) -> tuple[Column, ...]:
        """Columns flagged as features, scores left out."""
        return tuple(c for c in self.columns if c.is_feature)


@dataclass(frozen=True, slots=True)
class Superset:
    """All columns that may be there: what comes is some of them, in any order. Told where the rest depends on cells."""

    schema: Schema


_KEYS = ("name", "type", "role", "score", "nullable", "categories")


def to_json(schema: Schema) -> list[dict[str, object]]:
    """Plain JSON form of a schema, the inverse of :func:`from_json`."""
    rows: list[dict[str, object]] = []
    for c in schema:
        row: dict[str, object] = {"name": c.name, "type": c.dtype.value}
        if c.categories is not None:
            row["categories"] = list(c.categories)
        if c.role is not Role.FEATURE:
            row["role"] = c.role.value
        if c.score is not None:
            row["score"] = c.score.value
        if not c.nullable:
            row["nullable"] = False
        rows.append(row)
    return rows


def from_json(rows: object) -> Schema:
    """Read the form of :func:`to_json`; ``ValueError`` when it is not that form."""
    if not isinstance(rows, list):
        raise ValueError("a schema is a list of columns")
    columns = []
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not set(row) <= set(_KEYS):
            raise ValueError(f"not a column: {row!r}")
        levels = row.get("categories")
        if levels is not None and not (
            isinstance(levels, list) and all(isinstance(v, (str, int, float, bool)) for v in levels)
        ):
            raise ValueError(f"categories of column {row['name']!r} must be a list of plain values")
        columns.append(
            Column(
                name=row["name"],
                dtype=DType(row.get("type")),
                categories=None if levels is None else tuple(levels),
                role=Role(row.get("role", Role.FEATURE.value)),
                score=None if row.get("score") is None else Score(row["score"]),
                nullable=bool(row.get("nullable", True)),
            )
        )
    return Schema(tuple(columns))
