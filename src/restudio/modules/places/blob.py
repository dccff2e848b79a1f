"""Files in blob storage, by an address with a signature or by account, key and path."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.core.params import boolean, choice, secret, text, when
from restudio.modules.places.files import (
    ACCOUNT,
    ARFF,
    CSV,
    CSV_WITH_ENCODINGS,
    EXCEL,
    PUBLIC_OR_SAS,
    SAS,
    TSV,
    blob_path,
    connection_string,
    given,
    read_file,
    write_file,
)
from restudio.modules.places.selection import BLOB, Destination, Source
from restudio.seams.context import Context
from restudio.tables.encodings import ENCODINGS
from restudio.tables.table import Table

_SOURCE = when("source", BLOB)
_SIGNED = when("authentication", PUBLIC_OR_SAS, also=_SOURCE)
_KEYED = when("authentication", ACCOUNT, also=_SOURCE)
_DESTINATION = when("destination", BLOB)
_TO_SIGNED = when("authentication", SAS, also=_DESTINATION)
_TO_KEYED = when("authentication", ACCOUNT, also=_DESTINATION)
_FORMATS = (CSV, TSV, ARFF, EXCEL, CSV_WITH_ENCODINGS)


@dataclass(frozen=True, kw_only=True)
class BlobSource(Source):
    """Parameters of :func:`read_blob`."""

    uri: str = text(
        "URI",
        "",
        signed=True,
        when=_SIGNED,
        help="Address of a blob, with its SAS; an address with a signature is kept encrypted.",
    )
    uri_format: str = choice("File format", _FORMATS, when=_SIGNED)
    uri_header: bool = boolean("URI has header row", True, when=_SIGNED)
    account: str = text("Account name", "", when=_KEYED)
    key: str = secret("Account key", "", when=_KEYED)
    path: str = text(
        "Path to container, directory, or blob",
        "",
        aliases=("Path to container, directory or blob",),
        when=_KEYED,
        help="The container, a slash, and the blob.",
    )
    blob_format: str = choice("Blob file format", _FORMATS, when=_KEYED)
    blob_header: bool = boolean("File has header row", True, when=_KEYED)
    encoding: str = choice("Encoding", tuple(ENCODINGS), "Unicode (UTF-8)", help="Read only for CSV with encodings.")


def read_blob(p: BlobSource, ctx: Context) -> Table:
    """Errors 0003, 0009, 0029, 0030, 0039, 0049, 0052, 0064 and 0065."""
    if p.authentication == PUBLIC_OR_SAS:
        return read_file(ctx.fetch(given(p.uri, "URI")), p.uri_format, p.uri_header, p.encoding, ctx)
    path = blob_path(p.path, "Path to container, directory, or blob")
    resource = ctx.fetch(path, credential=connection_string(p.account, p.key, "Account name", "Account key"))
    return read_file(resource, p.blob_format, p.blob_header, p.encoding, ctx)


@dataclass(frozen=True, kw_only=True)
class BlobDestination(Destination):
    """Parameters of :func:`write_blob`."""

    uri: str = text("SAS URI for blob", "", signed=True, when=_TO_SIGNED)
    uri_format: str = choice("File format for SAS file", (ARFF, CSV, TSV), CSV, when=_TO_SIGNED)
    uri_header: bool = boolean("Write SAS header row", False, when=_TO_SIGNED)
    account: str = text("Azure account name", "", when=_TO_KEYED)
    key: str = secret("Azure account key", "", when=_TO_KEYED)
    path: str = text("Path to blob beginning with container", "", when=_TO_KEYED)
    write_mode: str = choice(
        "Azure Blob Storage write mode",
        ("Error", "Overwrite"),
        when=_TO_KEYED,
        help="What to do when the blob exists.",
    )
    blob_format: str = choice("File format for blob file", (ARFF, CSV, TSV), CSV, when=_TO_KEYED)
    blob_header: bool = boolean("Write blob header row", False, when=_TO_KEYED)


def write_blob(p: BlobDestination, dataset: Table, ctx: Context) -> None:
    """Errors 0003, 0029, 0052, 0057 (exists and mode Error), 0064, 0065 and 0066."""
    if p.authentication == SAS:
        local = write_file(dataset, p.uri_format, p.uri_header, ctx)
        ctx.deliver(given(p.uri, "SAS URI for blob"), local)
        return
    path = blob_path(p.path, "Path to blob beginning with container")
    credential = connection_string(p.account, p.key, "Azure account name", "Azure account key")
    local = write_file(dataset, p.blob_format, p.blob_header, ctx)
    ctx.deliver(path, local, credential=credential, overwrite=p.write_mode == "Overwrite")
