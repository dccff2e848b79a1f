"""The columns that a module is told to work on, checked in one way."""

from __future__ import annotations

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, Schema
from restudio.core.selector import Selection


def chosen_columns(selection: Selection, schema: Schema, parameter: str, *, none: str = "0011") -> list[Column]:
    """The selected columns, each once. Error ``none`` when the selection matches no column."""
    names = dict.fromkeys(selection.resolve(schema, parameter=parameter))
    if not names:
        raise ModuleError(none, f"No column of the dataset is selected by '{parameter}'.", parameter=parameter)
    return [schema[name] for name in names]


def ensure_numeric(column: Column, *, parameter: str) -> None:
    """Error 0017 for a column that holds no plain numbers."""
    if not column.is_numeric:
        raise ModuleError(
            "0017",
            f"Column '{column.name}' is {kind_of(column)}, not numeric.",
            parameter=parameter,
            column=column.name,
        )


def kind_of(column: Column) -> str:
    """What a column is, for messages."""
    return "categorical" if column.is_categorical else column.dtype.value
