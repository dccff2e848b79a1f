"""From the address of an object store to the store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from restudio.core.errors import Kind, RestudioError
from restudio.seams.objects import Objects
from restudio.storage.objects import FileObjects, StoreObjects

SCHEMES = ("file", "az", "abfss", "s3", "gs")


def open_objects(url: str) -> Objects:
    """``file:///folder``, or what ``obstore`` understands: ``az://container``, ``s3://bucket/prefix``."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FileObjects(Path(unquote(parts.path)))
    if parts.scheme not in SCHEMES:
        raise RestudioError(
            Kind.BAD_ARGUMENT,
            "BadSetting",
            f"'objects_url' must start with one of {', '.join(SCHEMES)}, got '{parts.scheme or url}'.",
            target="objects_url",
        )
    from obstore.store import from_url  # a cloud library: only where it is used

    return StoreObjects(from_url(url))
