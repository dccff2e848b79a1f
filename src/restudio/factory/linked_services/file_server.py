"""Folders of this machine, or mounted on it."""

from __future__ import annotations

from pathlib import Path

from restudio.factory.activity import LinkedService
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.folder_files import FolderFiles
from restudio.factory.linked_service import LinkedProperty, get_text, linked_service
from restudio.factory.platform import Platform


@linked_service(
    type="FileServer",
    properties=(
        LinkedProperty("host", required=True, help="A folder, below one that the operator opened: `/srv/lake`."),
        LinkedProperty("userId", help="Not used: files are read and written as the user who runs the server."),
        LinkedProperty("password", secret=True, help="Not used."),
    ),
)
def file_server(service: LinkedService, platform: Platform) -> FolderFiles:
    """A folder of this machine. Only folders named by the operator's setting `pipeline_folders` are reached, none by
    default; a network share is mounted first."""
    host = get_text(service, "host")
    if not host.startswith("/"):
        raise ActivityFailed(
            "2104",
            f"'host' of the linked service '{service.name}' must be an absolute folder of this machine such as "
            "/srv/lake; mount a network share and name where it is mounted.",
        )
    return FolderFiles(Path(host), platform.folders)
