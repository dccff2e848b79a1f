"""Events as programs publish them to a topic, in the schema of Event Grid or of CloudEvents 1.0.

Data Factory reference, section 8.5; CloudEvents 1.0: JSON event format, HTTP protocol binding (structured, batched).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from restudio.core.errors import Kind, RestudioError
from restudio.factory.properties import Json, Properties
from restudio.triggers.events import CustomEvent

CLOUD_EVENT = "application/cloudevents+json"
CLOUD_EVENTS = "application/cloudevents-batch+json"
_SCHEMAS = f"(one CloudEvents event: {CLOUD_EVENT}; an array of them: {CLOUD_EVENTS}; Event Grid: application/json)"


def read_events(topic: str, content_type: str, written: Json) -> Sequence[CustomEvent]:
    """The events of a body whose JSON is ``written``; the content type tells their schema. ``InvalidEvent``."""
    media_type = content_type.partition(";")[0].strip().casefold()
    if media_type == CLOUD_EVENT:
        return [_read_cloud_event(topic, _members(written, "The event"), "The event")]
    if media_type.startswith("application/cloudevents") and media_type != CLOUD_EVENTS:
        raise _invalid(f"Events cannot be read as '{media_type[:80]}' {_SCHEMAS}.")
    if not isinstance(written, list):
        raise _invalid(f"The body must be an array of events {_SCHEMAS}.")
    read = _read_cloud_event if media_type == CLOUD_EVENTS else _read_grid_event
    names = [f"Event {i}" for i in range(len(written))]
    return [read(topic, _members(each, name), name) for name, each in zip(names, written, strict=True)]


def _read_grid_event(topic: str, written: Mapping[str, Json], name: str) -> CustomEvent:
    members = Properties(written)
    id_, kind, subject = (_text(members, member, name) for member in ("id", "eventType", "subject"))
    return CustomEvent(topic, "", id_, kind, subject, {"topic": topic, **written})


def _read_cloud_event(topic: str, written: Mapping[str, Json], name: str) -> CustomEvent:
    """The document also has the members of Event Grid, so that one expression reads both."""
    if written.get("specversion") != "1.0":
        raise _invalid(
            f"{name} must have 'specversion' \"1.0\"; got {_shown(written.get('specversion'))}.", "specversion"
        )
    id_, source, kind = (_text(written, member, name) for member in ("id", "source", "type"))
    subject = "" if written.get("subject") is None else _text(written, "subject", name)
    if "data" in written and "data_base64" in written:
        raise _invalid(f"{name} has both 'data' and 'data_base64'; expected one of them.", "data_base64")
    grid = {"topic": topic, "eventType": kind}
    if written.get("time") is not None:
        grid["eventTime"] = _time(written, name)
    return CustomEvent(topic, source, id_, kind, subject, {**grid, **written, "subject": subject})


def _members(written: Json, name: str) -> Mapping[str, Json]:
    if not isinstance(written, Mapping):
        raise _invalid(f"{name} must be an object; got {_shown(written)}.")
    return written


def _text(members: Mapping[str, Json], member: str, name: str) -> str:
    value = members.get(member)
    if not isinstance(value, str) or not value:
        raise _invalid(f"{name} needs the text '{member}'; got {_shown(value)} {_SCHEMAS}.", member)
    return value


def _time(members: Mapping[str, Json], name: str) -> str:
    text = _text(members, "time", name)
    try:
        known = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        known = False
    if not known:
        raise _invalid(
            f"'time' of {name[0].lower()}{name[1:]} must be an instant with a zone, such as 2026-03-01T06:00:00Z; "
            f"got {_shown(text)}.",
            "time",
        )
    return text


def _shown(value: Json) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _invalid(message: str, target: str | None = None) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "InvalidEvent", message, target=target)
