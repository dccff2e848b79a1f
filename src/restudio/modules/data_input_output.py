"""Data Input and Output: typing, reading and writing data (modules reference, section 5.1)."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, mode, script, secret, text, when
from restudio.core.schema import Schema
from restudio.core.spec import module, table_in, table_out
from restudio.modules.encodings import ENCODINGS, to_utf8
from restudio.seams.context import Context
from restudio.tables.codec import Codec
from restudio.tables.formats import get_codec
from restudio.tables.table import Table

CATEGORY = "Data Input and Output"
CSV, TSV, ARFF, SVMLIGHT, EXCEL = "CSV", "TSV", "ARFF", "SvmLight", "Excel"
CSV_WITH_ENCODINGS = "CSV with encodings"
ACCOUNT, PUBLIC_OR_SAS, SAS = "Account", "PublicOrSas", "SAS"
HTTP, BLOB = "Web URL via HTTP", "Azure Blob Storage"
_OTHER_SOURCES = (
    "Azure SQL Database",
    "Azure Table",
    "Hive Query",
    "Data Feed Providers",
    "On-Premises SQL Database",
    "Azure Cosmos DB",
    "Datastore",
)


def _codec(form: str, has_header: bool) -> Codec:
    """The codec of a format as parameters name it."""
    if form in (CSV, TSV, CSV_WITH_ENCODINGS):
        return get_codec(f"Generic{form[:3]}{'' if has_header else 'NoHeader'}")
    if form == EXCEL:
        raise ModuleError("0039", "Excel files cannot be read yet; save the sheet as CSV.", parameter="File format")
    return get_codec(form)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterDataParams:
    format: str = choice("DataFormat", (ARFF, CSV, SVMLIGHT, TSV), CSV, help="Format of the text.")
    has_header: bool = boolean(
        "HasHeader", True, when=when("format", CSV, TSV), help="The first row holds the names of the columns."
    )
    data: str = script("Data", "", help="The rows, as the format writes them.")


@module(
    id="enter-data-manually",
    name="Enter Data Manually",
    category=CATEGORY,
    outputs=(table_out("dataset"),),
    params=EnterDataParams,
    errors=("0003", "0049"),
)
def enter_data_manually(p: EnterDataParams, *, ctx: Context) -> Table:
    r"""Turns typed text into a small dataset, for trying things out and for describing the input of a web service.

    Without a header the columns are called ``Col1``, ``Col2`` and so on. SvmLight text gives ``Col1`` to ``Coln`` and
    ``Labels``.

    Example:
      parameters: {Data: "name,age\nAnn,41\nBob,32\n"}
      dataset: {name: [Ann, Bob], age: [41, 32]}
    """
    return _entered(p, ctx.scratch)


@enter_data_manually.tells_schema
def _entered_schema(p: EnterDataParams) -> Schema:
    with tempfile.TemporaryDirectory(prefix="restudio-entered-") as folder:
        return _entered(p, Path(folder)).schema


def _entered(p: EnterDataParams, folder: Path) -> Table:
    if not p.data.strip():
        raise ModuleError("0003", "No data is entered.", parameter="Data")
    path = folder / "entered"
    path.write_text(p.data, encoding="utf-8", newline="")
    return _codec(p.format, p.has_header).read(path, name="Data")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDataParams:
    source: str = mode(
        "Data source",
        (HTTP, BLOB, *_OTHER_SOURCES),
        BLOB,
        aliases=("Please Specify Data Source",),
        choice_aliases={
            "Http": HTTP,
            "URL via HTTP": HTTP,
            "AzureBlobStorage": BLOB,
            "Microsoft Azure BLOB Storage": BLOB,
            "SqlAzure": "Azure SQL Database",
            "AzureTable": "Azure Table",
            "Hive": "Hive Query",
            "OData": "Data Feed Providers",
            "DocumentDB": "Azure Cosmos DB",
        },
        help="Where the data is.",
    )
    url: str = text("URL", "", signed=True, when=when("source", HTTP), help="Address of a file; no redirects.")
    url_format: str = choice(
        "Data format", (CSV, TSV, ARFF, SVMLIGHT), when=when("source", HTTP), help="Format of the file."
    )
    url_header: bool = boolean("CSV or TSV has header row", False, when=when("source", HTTP))
    authentication: str = mode(
        "Authentication type",
        (PUBLIC_OR_SAS, ACCOUNT),
        ACCOUNT,
        aliases=("Please Specify Authentication Type",),
        choice_aliases={SAS: PUBLIC_OR_SAS, "PublicOrSAS": PUBLIC_OR_SAS},
        when=when("source", BLOB),
    )
    uri: str = text(
        "URI",
        "",
        signed=True,
        when=when("authentication", PUBLIC_OR_SAS),
        help="Address of a blob, with its SAS; an address with a signature is kept encrypted.",
    )
    uri_format: str = choice(
        "File format", (CSV, TSV, ARFF, EXCEL, CSV_WITH_ENCODINGS), when=when("authentication", PUBLIC_OR_SAS)
    )
    uri_header: bool = boolean("URI has header row", True, when=when("authentication", PUBLIC_OR_SAS))
    account: str = text("Account name", "", when=when("authentication", ACCOUNT))
    key: str = secret("Account key", "", when=when("authentication", ACCOUNT))
    path: str = text(
        "Path to container, directory, or blob",
        "",
        aliases=("Path to container, directory or blob",),
        when=when("authentication", ACCOUNT),
        help="The container, a slash, and the blob.",
    )
    blob_format: str = choice(
        "Blob file format", (CSV, TSV, ARFF, EXCEL, CSV_WITH_ENCODINGS), when=when("authentication", ACCOUNT)
    )
    blob_header: bool = boolean("File has header row", True, when=when("authentication", ACCOUNT))
    encoding: str = choice("Encoding", tuple(ENCODINGS), "Unicode (UTF-8)", help="Read only for CSV with encodings.")
    cached: bool = boolean("Use cached results", False, help="Take the earlier result while nothing here changed.")


@module(
    id="import-data",
    name="Import Data",
    category=CATEGORY,
    outputs=(table_out("Results dataset"),),
    params=ImportDataParams,
    family="4e1b0fe6aded4b3fa36f39b8862b9004",
    aliases=("Reader",),
    deterministic=False,
    known_by_running="The source is read when the module runs.",
    errors=("0002", "0003", "0009", "0029", "0030", "0039", "0048", "0049", "0064", "0065", "0078"),
)
def import_data(p: ImportDataParams, *, ctx: Context) -> Table:
    """Reads a file from a web address or a blob into a dataset.

    A blob is named by an address with a shared access signature, or by account, key, and a path that begins with the
    container. Column types are found by looking at the values; change them with **Edit Metadata**.
    """
    if p.source == HTTP:
        resource = ctx.fetch(_given(p.url, "URL"))
        return _codec(p.url_format, p.url_header).read(resource.path, name=resource.name)
    if p.source != BLOB:
        raise ModuleError(
            "0039",
            f"The data source '{p.source}' is not supported here. Supported are '{HTTP}' and '{BLOB}'.",
            parameter="Data source",
        )
    if p.authentication == PUBLIC_OR_SAS:
        resource = ctx.fetch(_given(p.uri, "URI"))
        form, header = p.uri_format, p.uri_header
    else:
        path = blob_path(p.path, "Path to container, directory, or blob")
        resource = ctx.fetch(path, credential=connection_string(p.account, p.key, "Account name", "Account key"))
        form, header = p.blob_format, p.blob_header
    codec = _codec(form, header)
    local = resource.path
    if form == CSV_WITH_ENCODINGS:
        local = to_utf8(local, ctx.scratch / "decoded", ENCODINGS[p.encoding], resource.name)
    return codec.read(local, name=resource.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDataParams:
    destination: str = mode(
        "Please specify data destination",
        (BLOB, "Azure SQL Database", "Azure Table", "Hive Query", "Datastore"),
        BLOB,
        aliases=("Data destination",),
        choice_aliases={"AzureBlobStorage": BLOB},
    )
    authentication: str = mode(
        "Please specify authentication type",
        (SAS, ACCOUNT),
        ACCOUNT,
        choice_aliases={PUBLIC_OR_SAS: SAS},
        when=when("destination", BLOB),
    )
    uri: str = text("SAS URI for blob", "", signed=True, when=when("authentication", SAS))
    uri_format: str = choice("File format for SAS file", (ARFF, CSV, TSV), CSV, when=when("authentication", SAS))
    uri_header: bool = boolean("Write SAS header row", False, when=when("authentication", SAS))
    account: str = text("Azure account name", "", when=when("authentication", ACCOUNT))
    key: str = secret("Azure account key", "", when=when("authentication", ACCOUNT))
    path: str = text("Path to blob beginning with container", "", when=when("authentication", ACCOUNT))
    write_mode: str = choice(
        "Azure Blob Storage write mode",
        ("Error", "Overwrite"),
        when=when("authentication", ACCOUNT),
        help="What to do when the blob exists.",
    )
    blob_format: str = choice("File format for blob file", (ARFF, CSV, TSV), CSV, when=when("authentication", ACCOUNT))
    blob_header: bool = boolean("Write blob header row", False, when=when("authentication", ACCOUNT))
    cached: bool = boolean("Use cached results", False, help="Do not write again while nothing upstream changed.")


@module(
    id="export-data",
    name="Export Data",
    category=CATEGORY,
    inputs=(table_in("Dataset"),),
    params=ExportDataParams,
    aliases=("Writer",),
    deterministic=False,
    errors=("0003", "0029", "0039", "0057", "0064", "0065", "0066", "0079"),
)
def export_data(p: ExportDataParams, dataset: Table, *, ctx: Context) -> tuple[()]:
    """Writes a dataset to a blob, named by an address with a shared access signature or by account, key and path."""
    if p.destination != BLOB:
        raise ModuleError(
            "0039",
            f"The destination '{p.destination}' is not supported here. Supported is '{BLOB}'.",
            parameter="Please specify data destination",
        )
    if p.authentication == SAS:
        local = _written(dataset, _codec(p.uri_format, p.uri_header), ctx.scratch)
        ctx.deliver(_given(p.uri, "SAS URI for blob"), local)
        return ()
    path = blob_path(p.path, "Path to blob beginning with container")
    credential = connection_string(p.account, p.key, "Azure account name", "Azure account key")
    local = _written(dataset, _codec(p.blob_format, p.blob_header), ctx.scratch)
    ctx.deliver(path, local, credential=credential, overwrite=p.write_mode == "Overwrite")
    return ()


def _written(dataset: Table, codec: Codec, folder: Path) -> Path:
    path = folder / f"exported{codec.extensions[0]}"
    codec.write(dataset, path)
    return path


def connection_string(account: str, key: str, account_parameter: str, key_parameter: str) -> str:
    """A storage connection string of account name and key; one that is given in place of the key is taken as it is."""
    secret_text = _given(key, key_parameter)
    if "AccountKey=" in secret_text or "SharedAccessSignature=" in secret_text:
        return secret_text
    name = _given(account, account_parameter)
    return f"DefaultEndpointsProtocol=https;AccountName={name};AccountKey={secret_text};EndpointSuffix=core.windows.net"


def blob_path(path: str, parameter: str) -> str:
    """``container/blob``; error 0065 when one of them is missing."""
    clean = _given(path, parameter).strip("/")
    if not all(clean.partition("/")):
        raise ModuleError(
            "0065", f"'{clean}' names no blob; expected the container, a slash, and the blob.", parameter=parameter
        )
    return clean


def _given(value: str, parameter: str) -> str:
    stripped = value.strip()
    if not stripped:
        raise ModuleError("0003", f"Parameter '{parameter}' must not be empty.", parameter=parameter)
    return stripped
