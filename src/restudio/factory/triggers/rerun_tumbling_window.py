"""RerunTumblingWindowTrigger: windows of another trigger once more (Data Factory reference, section 8.3)."""

from __future__ import annotations

from datetime import UTC, datetime

from restudio.factory.activity import Property
from restudio.factory.documents.fields import Fields
from restudio.factory.trigger import trigger
from restudio.factory.triggers.tumbling_window import MAX_CONCURRENCY
from restudio.triggers.windows import Reruns

_UNKNOWN = datetime(2000, 1, 1, tzinfo=UTC)


@trigger(
    type="RerunTumblingWindowTrigger",
    properties=(
        Property("parentTrigger", "reference", required=True, help="The TumblingWindowTrigger."),
        Property("requestedStartTime", "string", required=True, help="Begin of the time whose windows run again."),
        Property("requestedEndTime", "string", required=True, help="Its end: no window that starts there or later."),
        Property("rerunConcurrency", "int", required=True, help="Windows worked on at once, 1 to 50."),
    ),
)
def rerun_tumbling_window(fields: Fields) -> Reruns:
    """Runs the windows of a tumbling-window trigger that lie in a time once more, oldest first, each when it has ended
    there. What comes of it is what has come of the window. Pipeline and parameters are those of that trigger."""
    begin = fields.utc("requestedStartTime", required=True)
    end = fields.utc("requestedEndTime", required=True)
    if begin is not None and end is not None and end <= begin:
        fields.problem("requestedEndTime", f"expected an instant after requestedStartTime; got {end.isoformat()}.")
    return Reruns(
        parent=_read_parent(fields),
        begin=begin or _UNKNOWN,
        end=end or _UNKNOWN,
        max_concurrency=fields.integer("rerunConcurrency", 1, MAX_CONCURRENCY, required=True, default=1),
    )


def _read_parent(fields: Fields) -> str:
    """The schema leaves the reference open: an object, or the bare name."""
    if isinstance(fields.raw.get("parentTrigger"), str):
        return fields.text("parentTrigger")
    return fields.object("parentTrigger", required=True).text("referenceName", required=True)
