"""What a recovery run takes over from the run that it goes on from (Data Factory reference, section 2.7). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from restudio.core.errors import RestudioError
from restudio.factory.documents.pipeline import ActivityDocument, Pipeline
from restudio.factory.runs.decide import Inherited
from restudio.factory.runs.state import RunState
from restudio.factory.types import Recovery


def inherit(pipeline: Pipeline, before: RunState, recovery: Recovery) -> Inherited:
    """The ends of activities that had succeeded and are not repeated.

    From the failure on: everything that had succeeded. From a named activity on: the same, but not that activity and
    what comes after it. Otherwise nothing: the run begins anew.
    """
    if recovery.start_activity is None and not recovery.from_failure:
        return Inherited()
    repeated = set() if recovery.start_activity is None else _from(pipeline, recovery.start_activity)
    return Inherited(
        {
            path: state.ended
            for path, state in before.activities.items()
            if state.ended is not None
            and state.status == "Succeeded"
            and not any(_name(part) in repeated for part in path.split("/"))
        }
    )


def ensure_activity(pipeline: Pipeline, name: str) -> None:
    """Refuse to begin at an activity that the pipeline does not have."""
    known = {each.name.casefold(): each.name for each in pipeline.iter_activities()}
    if name.casefold() not in known:
        raise RestudioError.not_found("ActivityNotFound", "Activity", name[:80], known.values())


def _from(pipeline: Pipeline, name: str) -> set[str]:
    """Folded names of an activity, of what follows it, and of what follows the containers that it stands in."""
    names: set[str] = set()
    _collect(pipeline.activities, name.casefold(), names)
    return names


def _collect(activities: Sequence[ActivityDocument], wanted: str, names: set[str]) -> bool:
    here = next((each for each in activities if _holds(each, wanted, names)), None)
    if here is None:
        return False
    first = here.name.casefold()
    following = {first}
    while True:
        more = {
            each.name.casefold()
            for each in activities
            if any(d.activity.casefold() in following for d in each.depends_on)
        }
        if more <= following:
            break
        following |= more
    # A container that holds the activity goes on in it; only what follows the container is repeated whole.
    names |= following if first == wanted else following - {first}
    return True


def _holds(activity: ActivityDocument, wanted: str, names: set[str]) -> bool:
    if activity.name.casefold() == wanted:
        return True
    return any(_collect(nested, wanted, names) for nested in activity.lists.values())


def _name(part: str) -> str:
    """The folded name in one part of a path.

    >>> _name("PerSite:17"), _name("Train")
    ('persite', 'train')
    """
    return part.partition(":")[0].casefold()
