"""BlobEventsTrigger: a blob was written or deleted (Data Factory reference, section 8.4)."""

from __future__ import annotations

from typing import cast

from restudio.blobs.types import BlobEvent
from restudio.factory.activity import Property
from restudio.factory.documents.fields import Fields
from restudio.factory.trigger import trigger
from restudio.triggers.events import BlobEvents

_PREFIX = "Microsoft.Storage."
_EVENTS = ("Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted")


@trigger(
    type="BlobEventsTrigger",
    properties=(
        Property(
            "scope", "string", required=True, help="Resource id of the storage account; its last part is the name."
        ),
        Property("events", "array", required=True, choices=_EVENTS, help="Which changes count."),
        Property("blobPathBeginsWith", "string", help="Such as /container/blobs/folder/; no wildcards."),
        Property("blobPathEndsWith", "string", help="Such as .csv; no wildcards."),
        Property("ignoreEmptyBlobs", "bool", default=True, help="Whether blobs without content are passed over."),
    ),
)
def blob_events(fields: Fields) -> BlobEvents:
    """Starts pipelines for every blob that is written to, or deleted from, a storage account of this server."""
    events = [fields.pick("events", each, _EVENTS) for each in fields.texts("events", required=True)]
    begins_with, ends_with = fields.text("blobPathBeginsWith"), fields.text("blobPathEndsWith")
    if not begins_with and not ends_with:
        fields.problem("blobPathBeginsWith", "is missing; give it or blobPathEndsWith.", "MissingProperty")
    if begins_with and not begins_with.startswith("/"):
        begins_with = "/" + begins_with
    return BlobEvents(
        account=fields.resource("scope"),
        events=frozenset(cast(BlobEvent, each.removeprefix(_PREFIX)) for each in events if each),
        begins_with=begins_with,
        ends_with=ends_with,
        ignore_empty=fields.flag("ignoreEmptyBlobs", default=True),
    )
