"""The text columns that a module reads."""

from __future__ import annotations

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Schema
from restudio.core.selector import Selection

STRING_FEATURES = Selection.types("String", kinds=("Feature",))
"""The classic ``StringFeature``: text columns flagged as features."""


def chosen_texts(selection: Selection, schema: Schema, parameter: str) -> list[Column]:
    """The chosen columns. Errors: 0001 unknown, 0003 none, 0017 not a text."""
    names = dict.fromkeys(selection.resolve(schema, parameter=parameter))
    if not names:
        raise ModuleError("0003", "No text column is selected.", parameter=parameter)
    for name in names:
        if schema[name].dtype is not DType.STRING:
            raise ModuleError("0017", f"Column '{name}' is {schema[name].dtype.value}, not a text.", column=name)
    return [schema[name] for name in names]
