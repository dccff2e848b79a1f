"""XML documents of the Blob protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from restudio.blobs.failures import refusal
from restudio.blobs.types import Blob, BlobPage, BlockEntry, Container, ContainerPage, Segment

_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
_KINDS = ("Committed", "Uncommitted", "Latest")
_XML_TEXT: Callable[[str], str] = escape


def http_time(at: float) -> str:
    """Epoch seconds as HTTP writes them.

    >>> http_time(0)
    'Thu, 01 Jan 1970 00:00:00 GMT'
    """
    return format_datetime(datetime.fromtimestamp(int(at), UTC), usegmt=True)


def _tag(name: str, value: object) -> str:
    return f"<{name}>{_XML_TEXT(str(value))}</{name}>"


def _tags(values: Mapping[str, object]) -> str:
    return "".join(_tag(name, value) for name, value in values.items() if value != "")


def _metadata(metadata: Mapping[str, str], wanted: bool) -> str:
    return f"<Metadata>{_tags(metadata)}</Metadata>" if wanted else ""


def _page(attributes: str, asked: Mapping[str, object], items: str, next_marker: str) -> bytes:
    text = f"{_HEAD}<EnumerationResults {attributes}>{_tags(asked)}{items}{_tag('NextMarker', next_marker)}"
    return f"{text}</EnumerationResults>".encode()


def containers_xml(endpoint: str, page: ContainerPage, asked: Mapping[str, object], with_metadata: bool) -> bytes:
    """Answer of List Containers."""
    items = "".join(_container(c, with_metadata) for c in page.containers)
    return _page(
        f"ServiceEndpoint={quoteattr(endpoint + '/')}", asked, f"<Containers>{items}</Containers>", page.next_marker
    )


def _container(container: Container, with_metadata: bool) -> str:
    properties = {
        "Last-Modified": http_time(container.modified),
        "Etag": container.etag,
        "LeaseStatus": "unlocked",
        "LeaseState": "available",
        "HasImmutabilityPolicy": "false",
        "HasLegalHold": "false",
    }
    return (
        f"<Container>{_tag('Name', container.name)}<Properties>{_tags(properties)}</Properties>"
        f"{_metadata(container.metadata, with_metadata)}</Container>"
    )


def blobs_xml(endpoint: str, container: str, page: BlobPage, asked: Mapping[str, object], with_metadata: bool) -> bytes:
    """Answer of List Blobs: blobs and prefixes in one order."""
    entries = [(blob.path.name, _blob(blob, with_metadata)) for blob in page.blobs]
    entries += [(prefix, f"<BlobPrefix>{_tag('Name', prefix)}</BlobPrefix>") for prefix in page.prefixes]
    items = "".join(text for _, text in sorted(entries))
    attributes = f"ServiceEndpoint={quoteattr(endpoint + '/')} ContainerName={quoteattr(container)}"
    return _page(attributes, asked, f"<Blobs>{items}</Blobs>", page.next_marker)


def _blob(blob: Blob, with_metadata: bool) -> str:
    properties = {
        "Creation-Time": http_time(blob.created),
        "Last-Modified": http_time(blob.modified),
        "Etag": blob.etag.strip('"'),
        "Content-Length": blob.size,
        "Content-Type": blob.headers.content_type,
        "Content-Encoding": blob.headers.content_encoding,
        "Content-Language": blob.headers.content_language,
        "Content-MD5": blob.headers.content_md5,
        "Cache-Control": blob.headers.cache_control,
        "Content-Disposition": blob.headers.content_disposition,
        "BlobType": "BlockBlob",
        "LeaseStatus": "unlocked",
        "LeaseState": "available",
        "ServerEncrypted": "false",
    }
    return (
        f"<Blob>{_tag('Name', blob.path.name)}<Properties>{_tags(properties)}</Properties>"
        f"{_metadata(blob.metadata, with_metadata)}</Blob>"
    )


def blocks_xml(committed: Iterable[Segment] | None, uncommitted: Iterable[Segment] | None) -> bytes:
    """Answer of Get Block List; ``None`` leaves a part out."""
    text = _HEAD + "<BlockList>"
    for name, blocks in (("CommittedBlocks", committed), ("UncommittedBlocks", uncommitted)):
        if blocks is not None:
            rows = "".join(f"<Block>{_tag('Name', b.block)}{_tag('Size', b.size)}</Block>" for b in blocks)
            text += f"<{name}>{rows}</{name}>"
    return (text + "</BlockList>").encode()


def parse_block_list(body: bytes) -> Sequence[BlockEntry]:
    """Entries of a Put Block List body. Document types are refused: no entity is ever expanded."""
    entries: list[BlockEntry] = []
    path: list[str] = []
    text: list[str] = []

    def start(name: str, _: Mapping[str, str]) -> None:
        expected = {"BlockList"} if not path else set(_KINDS) if len(path) == 1 else set[str]()
        if name not in expected:
            raise refusal("InvalidXmlDocument", f"Element '{name[:40]}' is not expected in a block list.")
        path.append(name)
        text.clear()

    def end(name: str) -> None:
        path.pop()
        if name in _KINDS:
            entries.append(BlockEntry(name, "".join(text).strip()))

    def refuse(*_: object) -> None:
        raise refusal("InvalidXmlDocument", "A document type is not allowed.")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError) as cause:
        raise refusal("InvalidXmlDocument") from cause
    return entries
