"""CustomEventsTrigger: a program published an event (Data Factory reference, section 8.5)."""

from __future__ import annotations

from restudio.factory.activity import Property
from restudio.factory.documents.fields import Fields
from restudio.factory.trigger import trigger
from restudio.triggers.events import CustomEvents


@trigger(
    type="CustomEventsTrigger",
    properties=(
        Property("scope", "string", required=True, help="Resource id of the topic; its last part is the name."),
        Property("events", "array", required=True, help="Event types; any one matches, in any case."),
        Property("subjectBeginsWith", "string", help="Plain beginning of the subject."),
        Property("subjectEndsWith", "string", help="Plain end of the subject."),
    ),
)
def custom_events(fields: Fields) -> CustomEvents:
    """Starts pipelines for every event of certain types that a program publishes to a topic of this factory."""
    return CustomEvents(
        topic=fields.resource("scope"),
        types=frozenset(each.casefold() for each in fields.texts("events", required=True)),
        subject_begins_with=fields.text("subjectBeginsWith"),
        subject_ends_with=fields.text("subjectEndsWith"),
    )
