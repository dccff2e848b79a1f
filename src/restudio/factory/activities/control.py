"""Control activities: they look at values and ask the run for what follows (Data Factory reference, section 6.7)."""

from __future__ import annotations

from typing import Any

from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.documents.timespan import parse_timespan
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json, Properties
from restudio.factory.steering import Assign, Call, Enter, Return, Select, Sleep

MAX_ITEMS = 100_000
MAX_BATCH = 50
DEFAULT_BATCH = 20
UNTIL_TIMEOUT = "7.00:00:00"
MAX_UNTIL_S = 90 * 86_400.0


@activity(
    type="Wait",
    control=True,
    steers=True,
    properties=(Property("waitTimeInSeconds", "int", required=True, help="Seconds to wait."),),
)
def wait(p: Properties, ctx: ActivityContext) -> Sleep:
    """Waits for a time."""
    if p["waitTimeInSeconds"] < 0:
        raise ActivityFailed.wrong_type("waitTimeInSeconds", "whole number from 0")
    return Sleep(p["waitTimeInSeconds"])


@activity(
    type="SetVariable",
    control=True,
    steers=True,
    properties=(
        Property("variableName", "string", required=True, help="A variable that the pipeline declares."),
        Property("value", "any", help="Its new value."),
        Property("setSystemVariable", "bool", default=False, help="Set pipelineReturnValue instead of a variable."),
    ),
)
def set_variable(p: Properties, ctx: ActivityContext) -> Assign | Return:
    """Gives a variable of the pipeline, or the pipeline's return value, a new value."""
    name = p["variableName"]
    if not p["setSystemVariable"]:
        return Assign(name, p.get("value"))
    if name.casefold() != "pipelinereturnvalue":
        raise ActivityFailed(
            "2104", f"The only system variable that can be set is 'pipelineReturnValue', not '{name}'."
        )
    return Return(_returned(p.get("value"), ctx))


@activity(
    type="AppendVariable",
    control=True,
    steers=True,
    properties=(
        Property("variableName", "string", required=True, help="A variable of type Array."),
        Property("value", "any", help="The element to append."),
    ),
)
def append_variable(p: Properties, ctx: ActivityContext) -> Assign:
    """Appends an element to an array variable of the pipeline."""
    return Assign(p["variableName"], p.get("value"), append=True)


@activity(
    type="IfCondition",
    control=True,
    steers=True,
    properties=(
        Property("expression", "expression", required=True, help="Must give true or false."),
        Property("ifTrueActivities", "activities", help="Run when it is true."),
        Property("ifFalseActivities", "activities", help="Run when it is false."),
    ),
)
def if_condition(p: Properties, ctx: ActivityContext) -> Enter:
    """Runs one of two lists of activities."""
    return Enter("ifTrueActivities" if _truth(p["expression"], "expression") else "ifFalseActivities")


@activity(
    type="Switch",
    control=True,
    steers=True,
    properties=(
        Property("on", "expression", required=True, help="A text or whole number."),
        Property("cases", "activities", cases=True, help="Values and the activities that each runs."),
        Property("defaultActivities", "activities", help="Run when no case has the value."),
    ),
)
def switch(p: Properties, ctx: ActivityContext) -> Enter:
    """Runs the activities of the first case whose value is the same text."""
    on = p["on"]
    if isinstance(on, bool) or not isinstance(on, (str, int)):
        raise ActivityFailed.wrong_type("on", "string or integer")
    cases = ctx.document.object("typeProperties").list("cases")
    values = [str(Properties(case).get("value", "")) for case in cases]
    return Enter(f"cases[{values.index(str(on))}]" if str(on) in values else "defaultActivities")


@activity(
    type="ForEach",
    control=True,
    steers=True,
    properties=(
        Property("items", "expression", required=True, help="An array; item() is the current element."),
        Property("activities", "activities", required=True, help="Run for every element."),
        Property("isSequential", "bool", default=False, help="One element after the other."),
        Property("batchCount", "int", default=DEFAULT_BATCH, help="How many elements at once, up to 50."),
    ),
)
def for_each(p: Properties, ctx: ActivityContext) -> Enter:
    """Runs activities for every element of an array. All elements are worked on even if one fails; then it fails."""
    items = _array(p["items"], "items")
    if len(items) > MAX_ITEMS:
        raise ActivityFailed("2104", f"'items' has {len(items)} elements; a ForEach takes up to {MAX_ITEMS}.")
    batch = p["batchCount"]
    if not 1 <= batch <= MAX_BATCH:
        raise ActivityFailed("2104", f"'batchCount' must be 1 to {MAX_BATCH}; got {batch}.")
    return Enter("activities", tuple(items), 1 if p["isSequential"] else batch)


@activity(
    type="Until",
    control=True,
    steers=True,
    properties=(
        Property("expression", "expression", required=True, lazy=True, help="The loop ends when it gives true."),
        Property("activities", "activities", required=True, help="Run again and again, at least once."),
        Property("timeout", "string", default=UNTIL_TIMEOUT, help="A time span; the loop fails after it."),
    ),
)
def until(p: Properties, ctx: ActivityContext) -> Enter:
    """Runs activities until a condition holds. A failing activity does not stop the loop."""
    seconds = parse_timespan(p["timeout"])
    if seconds is None or not 0 < seconds <= MAX_UNTIL_S:
        raise ActivityFailed.wrong_type("timeout", "time span such as 0.12:00:00, up to 90 days")
    return Enter("activities", until="expression", seconds=seconds)


@activity(
    type="Filter",
    control=True,
    steers=True,
    properties=(
        Property("items", "expression", required=True, help="An array."),
        Property(
            "condition", "expression", required=True, lazy=True, help="Keeps an element, item(), when it is true."
        ),
    ),
)
def filter_items(p: Properties, ctx: ActivityContext) -> Select:
    """Keeps the elements of an array for which a condition holds."""
    return Select(tuple(_array(p["items"], "items")), "condition")


@activity(
    type="ExecutePipeline",
    control=True,
    steers=True,
    properties=(
        Property("pipeline", "reference", required=True, help="The pipeline to run."),
        Property("parameters", "object", help="Its parameters."),
        Property("waitOnCompletion", "bool", default=False, help="End as that run ends."),
    ),
)
def execute_pipeline(p: Properties, ctx: ActivityContext) -> Call:
    """Runs another pipeline of the factory."""
    reference = p["pipeline"]
    name = Properties(reference).get("referenceName") if isinstance(reference, dict) else reference
    if not isinstance(name, str):
        raise ActivityFailed.missing("pipeline.referenceName")
    return Call(name, p.get("parameters") or {}, p["waitOnCompletion"])


@activity(
    type="Fail",
    control=True,
    steers=True,
    properties=(
        Property("message", "any", help="The message of the failure."),
        Property("errorCode", "any", help="Its code, a text."),
    ),
)
def fail(p: Properties, ctx: ActivityContext) -> Output:
    """Always fails, with a message and a code of one's own."""
    message, code = p.get("message"), p.get("errorCode")
    shown = code if isinstance(code, str) and code.strip() else "ErrorCodeNotString"
    if "message" not in p:
        raise ActivityFailed(shown, "Fail message wasn't provided")
    blank = message is None or (isinstance(message, str) and not message.strip())
    if blank or not (isinstance(message, str) or shown == code):
        raise ActivityFailed(shown, f"Failed to interpret {ctx.activity} fail message or error code")
    if not isinstance(message, str):
        raise ActivityFailed(shown, f"{ctx.activity} fail message parameter couldn't be interpreted as a string")
    raise ActivityFailed(shown, message)


def _truth(value: Json, name: str) -> bool:
    if not isinstance(value, bool):
        raise ActivityFailed.wrong_type(name, "boolean")
    return value


def _array(value: Json, name: str) -> list[Json]:
    if not isinstance(value, list):
        raise ActivityFailed.wrong_type(name, "array")
    return value


def _returned(value: Json, ctx: ActivityContext) -> dict[str, Json]:
    """Return values as they are written: ``[{"key", "value": {"type", "content"}}]``."""
    found: dict[str, Json] = {}
    for entry in _array(value, "value"):
        pair = Properties(entry) if isinstance(entry, dict) else Properties({})
        key, typed = pair.get("key"), pair.get("value")
        if not isinstance(key, str) or not isinstance(typed, dict):
            raise ActivityFailed("2104", "Each return value is {'key': text, 'value': {'type', 'content'}}.")
        found[key] = _content(Properties(typed), ctx)
    return found


def _content(typed: Properties, ctx: ActivityContext) -> Json:
    kind = str(typed.get("type", "String")).casefold()
    content: Any = typed.get("content")
    convert: dict[str, Any] = {
        "null": lambda: None,
        "boolean": lambda: content if isinstance(content, bool) else {"true": True, "false": False}[content.casefold()],
        "int": lambda: int(content),
        "float": lambda: float(content),
        "object": lambda: _returned(content, ctx) if isinstance(content, list) else content,
        "array": lambda: [_content(Properties(c), ctx) if _is_typed(c) else c for c in _array(content, "content")],
    }
    try:
        return convert.get(kind, lambda: content)()
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ActivityFailed.wrong_type("value", kind) from error


def _is_typed(value: Json) -> bool:
    return isinstance(value, dict) and {each.casefold() for each in value} == {"type", "content"}
