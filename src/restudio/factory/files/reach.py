"""From a linked service to the files that it holds."""

from __future__ import annotations

from restudio.factory.activity import LinkedService
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.blob_files import BlobFiles
from restudio.factory.files.file_store import FileStore
from restudio.factory.files.folder_files import FolderFiles
from restudio.factory.linked_service import reach
from restudio.factory.platform import Platform


def reach_files(service: LinkedService, platform: Platform, activity_type: str) -> FileStore:
    """2110 when the linked service holds no files."""
    found = reach(service, platform, object, activity_type)
    if isinstance(found, (BlobFiles, FolderFiles)):
        return found
    raise ActivityFailed(
        "2110",
        f"The linked service type '{service.type}' is not supported for '{activity_type}' activities on files: "
        f"'{service.name}' holds none.",
    )
