"""BlobTrigger: the older form, which looks for new files now and then (Data Factory reference, section 8.1)."""

from __future__ import annotations

from datetime import timedelta

from restudio.factory.activity import Property
from restudio.factory.documents.fields import Fields
from restudio.factory.trigger import trigger
from restudio.triggers.events import Polling

EVERY = timedelta(minutes=1)


@trigger(
    type="BlobTrigger",
    properties=(
        Property("folderPath", "string", required=True, help="Container and folder; files directly in it count."),
        Property("maxConcurrency", "int", required=True, help="Files worked on at once, 1 to 50."),
        Property("linkedService", "reference", required=True, help="The storage account."),
    ),
)
def blob(fields: Fields) -> Polling:
    """Starts pipelines for every new or changed file in a folder, seen within a minute."""
    fields.object("linkedService", required=True).text("referenceName", required=True)
    folder = fields.text("folderPath", required=True).strip("/")
    concurrency = fields.integer("maxConcurrency", 1, 50, required=True, default=1)
    return Polling(every=EVERY, folder=folder, max_concurrency=concurrency)
