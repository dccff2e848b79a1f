"""Context functions: what surrounds the expression (Data Factory reference, 7.4)."""

from __future__ import annotations

from restudio.expressions.access import find_member
from restudio.expressions.declaration import STRING, function, parameter
from restudio.expressions.errors import ExpressionError, shorten
from restudio.expressions.scope import Scope
from restudio.expressions.values import ABSENT, Absent, Json


def _present(value: Json | Absent, name: str) -> Json:
    if value is ABSENT:
        raise ExpressionError.not_here(name)
    return value


@function("pipeline", scoped=True)
def pipeline(scope: Scope) -> Json:
    """The run: `RunId`, `Pipeline`, `DataFactory`, `TriggerType`, `TriggerName`, `TriggerTime`, `parameters.x`,
    `globalParameters.x`."""
    return _present(scope.pipeline, "pipeline")


def _activity(scope: Scope, name: str, called: str) -> Json:
    if scope.activities is None:
        raise ExpressionError.not_here(called)
    found = find_member(scope.activities, name)
    if found is ABSENT:
        raise ExpressionError(
            f"Template language expression cannot be evaluated: the template action '{shorten(name)}' is not defined at"
            " current scope."
        )
    return found


@function("activity", parameter("name", STRING), scoped=True)
def activity(scope: Scope, name: str) -> Json:
    """An activity that has run: `output`, `status`, `error`."""
    return _activity(scope, name, "activity")


@function("actions", parameter("name", STRING), scoped=True)
def actions(scope: Scope, name: str) -> Json:
    """Older spelling of `activity`."""
    return _activity(scope, name, "actions")


@function("outputs", "body", parameter("name", STRING), scoped=True)
def outputs(scope: Scope, name: str) -> Json:
    """Older spelling of `activity(name).output`."""
    found = _activity(scope, name, "outputs")
    output = find_member(found, "output") if type(found) is dict else ABSENT
    return None if output is ABSENT else output


@function("variables", parameter("name", STRING), scoped=True)
def variables(scope: Scope, name: str) -> Json:
    """The present value of a variable."""
    if scope.variables is None:
        raise ExpressionError.not_here("variables")
    found = find_member(scope.variables, name)
    if found is ABSENT:
        raise ExpressionError(
            "Template language expression cannot be evaluated: the template variable"
            f" '{shorten(name)}' cannot be found."
        )
    return found


@function("item", scoped=True)
def item(scope: Scope) -> Json:
    """The element at hand, in a loop over items and in the condition of a filter."""
    return _present(scope.item, "item")


@function("dataset", scoped=True)
def dataset(scope: Scope) -> Json:
    """The arguments of the dataset, inside its own properties."""
    return _present(scope.dataset, "dataset")


@function("linkedService", scoped=True)
def linked_service(scope: Scope) -> Json:
    """The arguments of the linked service, inside its own properties."""
    return _present(scope.linked_service, "linkedService")


@function("trigger", scoped=True)
def trigger(scope: Scope) -> Json:
    """What set the trigger off, in its arguments: `scheduledTime`, `startTime`, `outputs.windowStartTime`,
    `outputs.windowEndTime`, `outputs.body`."""
    return _present(scope.trigger, "trigger")


@function("triggerBody", scoped=True)
def trigger_body(scope: Scope) -> Json:
    """The body of the event that set the trigger off: `fileName`, `folderPath`, `event.data`."""
    return _present(scope.trigger_body, "triggerBody")
