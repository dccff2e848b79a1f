"""Variables of a run: what may be assigned, and what they hold. Pure."""

from __future__ import annotations

from collections.abc import Callable

from restudio.core.errors import nearest
from restudio.factory.documents.pipeline import Declaration, Pipeline
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json
from restudio.factory.runs.state import Assignment, RunState
from restudio.factory.steering import Assign

_EMPTY: dict[str, Json] = {"String": "", "Bool": False, "Array": [], "Integer": 0}
_PYTHON: dict[str, tuple[type, ...]] = {"String": (str,), "Bool": (bool,), "Array": (list,), "Integer": (int,)}


def assigned(pipeline: Pipeline, asked: Assign) -> tuple[str, Json]:
    """Declared name and value of an assignment; ``ActivityFailed`` when the variable cannot take it."""
    declared = pipeline.variables.get(asked.variable.casefold())
    if declared is None:
        hint = nearest(asked.variable, [each.name for each in pipeline.variables.values()])
        message = f"Pipeline '{pipeline.name}' declares no variable '{asked.variable[:80]}'.{hint}"
        raise ActivityFailed("InvalidVariable", message)
    if asked.append:
        if declared.type != "Array":
            message = f"Only variables of type Array can be appended to; '{declared.name}' is a {declared.type}."
            raise ActivityFailed("InvalidVariable", message)
    elif not _fits(declared, asked.value):
        message = (
            f"Variable '{declared.name}' is of type {declared.type} and cannot take a value of type "
            f"{type_name(asked.value)}."
        )
        raise ActivityFailed("InvalidVariable", message)
    return declared.name, asked.value


def value_of(declared: Declaration, state: RunState, open_value: Callable[[Assignment], Json]) -> Json:
    """What a variable holds now."""
    name = declared.name.casefold()
    assignments = [open_value(each) for each in state.variables.get(name, [])]
    if name in state.assigned:
        base, appended = assignments[0], assignments[1:]
    else:
        base, appended = (declared.default if declared.has_default else _EMPTY.get(declared.type)), assignments
    return [*base, *appended] if appended else base


def type_name(value: Json) -> str:
    """The name of a value's type, as expressions call it.

    >>> type_name(True), type_name(None), type_name([])
    ('Boolean', 'Null', 'Array')
    """
    names = {bool: "Boolean", int: "Integer", float: "Float", str: "String", list: "Array", type(None): "Null"}
    return names.get(type(value), "Object")


def _fits(declared: Declaration, value: Json) -> bool:
    if declared.type == "Integer" and isinstance(value, bool):
        return False
    return isinstance(value, _PYTHON.get(declared.type, (object,)))
