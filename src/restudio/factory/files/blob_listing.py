"""The answer of List Blobs."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

from lxml import etree

from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import FILES_FAILED, FileInfo, join


def read_listing(body: bytes, container: str) -> tuple[list[FileInfo | str], str]:
    """Blobs and prefixes of a page, and the marker of the next one ("" after the last)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as cause:
        message = f"Storage answered the listing of '{container}' with no XML."
        raise ActivityFailed(FILES_FAILED, message) from cause
    entries: list[FileInfo | str] = []
    for element in root.iterfind("./Blobs/*"):
        name = element.findtext("Name") or ""
        if element.tag == "BlobPrefix":
            entries.append(name)
        elif element.tag == "Blob":
            entries.append(_file(element, join(container, name)))
    return entries, root.findtext("NextMarker") or ""


def _file(element: etree._Element, path: str) -> FileInfo:
    def told(name: str) -> str:
        return element.findtext(f"Properties/{name}") or ""

    size = told("Content-Length")
    return FileInfo(
        path,
        int(size) if size.isdecimal() else 0,
        http_time(told("Last-Modified")),
        http_time(told("Creation-Time")),
        told("Content-MD5"),
    )


def http_time(text: str | None) -> datetime | None:
    """The instant of a header of storage; None when there is none that can be read."""
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
