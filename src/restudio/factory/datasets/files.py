"""Datasets of files: a format and a location (Data Factory reference, 5.1 and 5.2)."""

from __future__ import annotations

from restudio.factory.activity import Dataset
from restudio.factory.dataset import DatasetKind, DatasetProperty, FileData, HttpData, dataset_type
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.blob_files import BlobFiles
from restudio.factory.files.file_store import join
from restudio.factory.files.reach import reach_files
from restudio.factory.formats.compression import codec_of
from restudio.factory.formats.delimited_text import DelimitedText
from restudio.factory.formats.format import Format
from restudio.factory.formats.json_text import JsonText
from restudio.factory.formats.parquet import Parquet
from restudio.factory.http_place import HttpPlace
from restudio.factory.linked_service import reach
from restudio.factory.platform import Platform
from restudio.factory.properties import Json, Properties

_LOCATION = DatasetProperty(
    "location",
    required=True,
    help="`AzureBlobStorageLocation` (`container`, `folderPath`, `fileName`), `FileServerLocation` (`folderPath`, "
    "`fileName`) or `HttpServerLocation` (`relativeUrl`).",
)
_ENCODING = DatasetProperty("encodingName", help="UTF-8 unless set, or told by a byte order mark.")
_COMPRESSION = DatasetProperty("compression", help="`{type, level}`: gzip, bzip2, deflate, ZipDeflate, Tar, TarGzip.")


@dataset_type(
    type="DelimitedText",
    properties=(
        _LOCATION,
        DatasetProperty("columnDelimiter", help="One character; `,`."),
        DatasetProperty("rowDelimiter", help="Read: any line end. Written: CRLF."),
        DatasetProperty("quoteChar", help='`"`; empty for no quoting.'),
        DatasetProperty("escapeChar", help="`\\`; the quote character for doubled quotes."),
        DatasetProperty("firstRowAsHeader", help="`false`."),
        DatasetProperty("nullValue", help="Text of a missing value; empty."),
        _ENCODING,
        DatasetProperty("compressionCodec", help="gzip, bzip2, deflate, ZipDeflate, Tar, TarGzip."),
        DatasetProperty("compressionLevel", help="`Optimal` or `Fastest`."),
    ),
)
def delimited_text(dataset: Dataset, platform: Platform, activity_type: str) -> FileData | HttpData:
    """Comma-separated and other delimited text. Without a header columns are `Prop_0`, `Prop_1`, …"""
    p = dataset.properties
    codec, level = p.get("compressionCodec"), p.get("compressionLevel")
    return _located(dataset, platform, activity_type, DelimitedText.of(p), codec, level)


@dataset_type(type="Json", properties=(_LOCATION, _ENCODING, _COMPRESSION))
def json(dataset: Dataset, platform: Platform, activity_type: str) -> FileData | HttpData:
    """JSON: one object, an object a line, objects after one another, or an array of objects."""
    return _packed(dataset, platform, activity_type, JsonText.of(dataset.properties))


@dataset_type(
    type="Parquet",
    properties=(_LOCATION, DatasetProperty("compressionCodec", help="For writing: none, gzip, snappy; snappy.")),
)
def parquet(dataset: Dataset, platform: Platform, activity_type: str) -> FileData | HttpData:
    """Parquet files."""
    return _located(dataset, platform, activity_type, Parquet.of(dataset.properties), None, None)


@dataset_type(type="Binary", properties=(_LOCATION, _COMPRESSION))
def binary(dataset: Dataset, platform: Platform, activity_type: str) -> FileData | HttpData:
    """Files as they are, whatever they hold."""
    return _packed(dataset, platform, activity_type, None)


_LEGACY_FORMAT = DatasetProperty("format", help="`TextFormat`, `JsonFormat` or `ParquetFormat`; absent: bytes.")


@dataset_type(
    type="AzureBlob",
    properties=(
        DatasetProperty("folderPath", help="`container/folder`."),
        DatasetProperty("fileName", help="Absent: the whole folder."),
        _LEGACY_FORMAT,
        _COMPRESSION,
        DatasetProperty("modifiedDatetimeStart", help="Only files changed since."),
        DatasetProperty("modifiedDatetimeEnd", help="Only files changed before."),
    ),
    aliases=("FileShare",),
)
def azure_blob(dataset: Dataset, platform: Platform, activity_type: str) -> FileData | HttpData:
    """Files in their older form: a folder, a file name and a format."""
    p = dataset.properties
    store = reach_files(dataset.linked_service, platform, activity_type)
    folder, name = _text(p, "folderPath"), _text(p, "fileName")
    packed = p.object("compression")
    codec = codec_of(packed.get("type"), dataset.name)
    return FileData(dataset, store, folder.strip("/"), name, _legacy_form(p), codec, packed.get("level"))


@dataset_type(
    type="HttpFile",
    properties=(
        DatasetProperty("relativeUrl", help="Below the address of the linked service."),
        DatasetProperty("requestMethod", help="`GET`."),
        DatasetProperty("requestBody", help="For `POST`."),
        DatasetProperty("additionalHeaders", help="Lines `name: value`."),
        _LEGACY_FORMAT,
        _COMPRESSION,
    ),
)
def http_file(dataset: Dataset, platform: Platform, activity_type: str) -> HttpData:
    """A file over HTTP in its older form."""
    p = dataset.properties
    place = reach(dataset.linked_service, platform, HttpPlace, activity_type)
    codec = codec_of(p.object("compression").get("type"), dataset.name)
    return HttpData(dataset, place, _text(p, "relativeUrl"), _legacy_form(p), codec, p)


def _refused(type: str) -> DatasetKind:
    def refuse(dataset: Dataset, platform: Platform, activity_type: str) -> FileData:
        raise ActivityFailed(
            "2110",
            f"The dataset type '{type}' is not offered here. Save the data as DelimitedText, Json or Parquet.",
        )

    refuse.__doc__ = "Not offered: convert to `DelimitedText`, `Json` or `Parquet`."
    return dataset_type(type=type, properties=(_LOCATION,))(refuse)


EXCEL, XML, AVRO, ORC = (_refused(name) for name in ("Excel", "Xml", "Avro", "Orc"))


def _packed(dataset: Dataset, platform: Platform, activity_type: str, form: Format | None) -> FileData | HttpData:
    packed = dataset.properties.object("compression")
    return _located(dataset, platform, activity_type, form, packed.get("type"), packed.get("level"))


def _located(
    dataset: Dataset, platform: Platform, activity_type: str, form: Format | None, codec: Json, level: Json
) -> FileData | HttpData:
    location = dataset.properties.object("location")
    packed = codec_of(codec, f"the dataset '{dataset.name}'")
    folder, name = _text(location, "folderPath"), _text(location, "fileName")
    if _text(location, "type").casefold() == "httpserverlocation":
        place = reach(dataset.linked_service, platform, HttpPlace, activity_type)
        relative = _text(location, "relativeUrl") or join(folder, name)
        return HttpData(dataset, place, relative, form, packed)
    store = reach_files(dataset.linked_service, platform, activity_type)
    container = _text(location, "container") or _text(location, "fileSystem")
    if isinstance(store, BlobFiles):
        container = container or store.account.container
        if not container:
            raise ActivityFailed.missing("container")
    return FileData(dataset, store, join(container, folder), name, form, packed, level)


def _legacy_form(p: Properties) -> Format | None:
    form = p.object("format")
    kind = str(form.get("type") or "").casefold()
    if not kind:
        return None
    if kind == "textformat":
        return DelimitedText.of(form, legacy=True)
    if kind == "jsonformat":
        return JsonText.of(form)
    if kind == "parquetformat":
        return Parquet.of(form)
    raise ActivityFailed("2104", f"The format '{form.get('type')}' is not offered; expected TextFormat or JsonFormat.")


def _text(p: Properties, name: str) -> str:
    value = p.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ActivityFailed.wrong_type(name, "string")
    return value
