"""Files at a place: their formats, and the words that name a blob."""

from __future__ import annotations

from pathlib import Path

from restudio.core.errors import ModuleError
from restudio.core.signing import decode_key
from restudio.seams.context import Context, Resource
from restudio.tables.codec import Codec
from restudio.tables.encodings import ENCODINGS, to_utf8
from restudio.tables.formats import get_codec
from restudio.tables.table import Table

CSV, TSV, ARFF, SVMLIGHT, EXCEL = "CSV", "TSV", "ARFF", "SvmLight", "Excel"
CSV_WITH_ENCODINGS = "CSV with encodings"
ACCOUNT, PUBLIC_OR_SAS, SAS = "Account", "PublicOrSas", "SAS"


def codec_of(form: str, has_header: bool) -> Codec:
    """The codec of a format as parameters name it."""
    suffix = "" if has_header else "NoHeader"
    if form in (CSV, TSV, CSV_WITH_ENCODINGS):
        return get_codec(f"Generic{form[:3]}{suffix}")
    return get_codec(EXCEL + suffix if form == EXCEL else form)


def read_file(resource: Resource, form: str, has_header: bool, encoding: str, ctx: Context) -> Table:
    """The table in a fetched file. ``encoding`` is the shown name of one, and counts for CSV with encodings alone."""
    codec = codec_of(form, has_header)
    path = resource.path
    if form == CSV_WITH_ENCODINGS:
        path = to_utf8(path, ctx.scratch / "decoded", ENCODINGS[encoding], resource.name)
    return codec.read(path, name=resource.name)


def write_file(dataset: Table, form: str, has_header: bool, ctx: Context) -> Path:
    """A new local file with the table."""
    codec = codec_of(form, has_header)
    path = ctx.scratch / f"exported{codec.extensions[0]}"
    codec.write(dataset, path)
    return path


def connection_string(account: str, key: str, account_parameter: str, key_parameter: str) -> str:
    """A storage connection string of account name and key; one that is given in place of the key is taken as it is."""
    secret_text = given(key, key_parameter)
    if "AccountKey=" in secret_text or "SharedAccessSignature=" in secret_text:
        return secret_text
    name = given(account, account_parameter)
    account_key(secret_text, key_parameter)
    return f"DefaultEndpointsProtocol=https;AccountName={name};AccountKey={secret_text};EndpointSuffix=core.windows.net"


def account_key(text: str, parameter: str) -> bytes:
    """The bytes of a storage account's key; error 0052 when it can be none."""
    try:
        return decode_key(text)
    except ValueError as cause:
        raise ModuleError(
            "0052", "The account key is no Base64 text; copy it anew, to its last character.", parameter=parameter
        ) from cause


def blob_path(path: str, parameter: str) -> str:
    """``container/blob``; error 0065 when one of them is missing."""
    clean = given(path, parameter).strip("/")
    if not all(clean.partition("/")):
        raise ModuleError(
            "0065", f"'{clean}' names no blob; expected the container, a slash, and the blob.", parameter=parameter
        )
    return clean


def given(value: str, parameter: str) -> str:
    """The text without blanks around it; error 0003 when nothing is left."""
    stripped = value.strip()
    if not stripped:
        raise ModuleError("0003", f"Parameter '{parameter}' must not be empty.", parameter=parameter)
    return stripped
