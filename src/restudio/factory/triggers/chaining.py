"""ChainingTrigger: several pipelines have done their part (Data Factory reference, section 8.1)."""

from __future__ import annotations

from restudio.factory.activity import Property
from restudio.factory.documents.fields import Fields
from restudio.factory.trigger import trigger
from restudio.triggers.events import Chaining


@trigger(
    type="ChainingTrigger",
    single=True,
    properties=(
        Property("dependsOn", "array", required=True, help="References to the pipelines that come first."),
        Property("runDimension", "string", required=True, help="Name of the run dimension that brings runs together."),
    ),
)
def chaining(fields: Fields) -> Chaining:
    """Starts a pipeline when all pipelines before it have succeeded with the same value of a run dimension."""
    pipelines = [each.text("referenceName", required=True) for each in fields.objects("dependsOn", required=True)]
    return Chaining(pipelines=tuple(pipelines), dimension=fields.text("runDimension", required=True))
