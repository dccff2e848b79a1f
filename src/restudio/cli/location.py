"""A blob's address as the three parts that the update call wants."""

from __future__ import annotations

from urllib.parse import urlsplit

from restudio.client.types import Location
from restudio.core.errors import Kind, RestudioError


def parse_location(url: str) -> Location:
    """Base address, path and SAS of a blob URL.

    >>> parse_location("http://h/blob/a/c/m.ilearner?sv=1")
    Location(base_location='http://h/', relative_location='blob/a/c/m.ilearner', sas_blob_token='?sv=1')
    """
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc or not parts.path.strip("/"):
        raise RestudioError(
            Kind.BAD_ARGUMENT,
            "InvalidBlob",
            f"'{url}' is not a blob's address; expected https://host/container/name?sas.",
        )
    sas = f"?{parts.query}" if parts.query else None
    return Location(f"{parts.scheme}://{parts.netloc}/", parts.path.lstrip("/"), sas)
