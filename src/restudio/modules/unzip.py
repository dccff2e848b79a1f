"""Data Input and Output: Unpack Zipped Datasets (modules reference, 5)."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from restudio.core.errors import ModuleError, nearest
from restudio.core.params import boolean, choice, text, when
from restudio.core.spec import Port, PortKind, module, table_out
from restudio.modules.data_input_output import CATEGORY
from restudio.seams.context import Context
from restudio.tables.formats import get_codec
from restudio.tables.table import Table

_ZIP, _GZIP = "Zip", "Gzip"
_NAME = "Dataset to Unpack"
_MOST_BYTES = 10 << 30
"""Of one unpacked file, as for an upload."""
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackParams:
    compression: str = choice("Compression file format", (_ZIP, _GZIP))
    name: str = text(_NAME, "", help="The file in the archive; needed when there are several.")
    format: str = choice("Dataset file format", ("CSV", "TSV", "ARFF", "SVMLIGHT"))
    has_header: bool = boolean("File has header row", False, when=when("format", "CSV", "TSV"))


@module(
    id="unpack-zipped-datasets",
    name="Unpack Zipped Datasets",
    category=CATEGORY,
    params=UnpackParams,
    inputs=(Port("Dataset", PortKind.ZIP),),
    outputs=(table_out("Results dataset"),),
    known_by_running="The archive is read when the module runs.",
    errors=("0049", "0102", "0129", "0131", "0132", "0133"),
)
def unpack_zipped_datasets(p: UnpackParams, archive: Path, *, ctx: Context) -> Table:
    r"""Reads a file from a Zip or Gzip archive as a dataset. When a Zip archive holds several files, name one of them;
    folders and hidden files do not count.

    Example:
      parameters: {File has header row: true}
      Dataset: {files: {people.csv: "name,age\nAnn,41\n"}}
      Results dataset: {name: [Ann], age: [41]}
    """
    unpacked = ctx.scratch / "unpacked"
    opened: AbstractContextManager[gzip.GzipFile | IO[bytes]] = (
        _open_gzip(archive) if p.compression == _GZIP else _open_zipped(archive, p.name)
    )
    with opened as source, unpacked.open("wb") as target:
        for piece in iter(lambda: source.read(_PIECE), b""):
            target.write(piece)
            if target.tell() > _MOST_BYTES:
                raise ModuleError("0131", f"The unpacked file is larger than {_MOST_BYTES >> 30} GB.", parameter=_NAME)
    header = "" if p.has_header else "NoHeader"
    codec = get_codec(f"Generic{p.format}{header}" if p.format in ("CSV", "TSV") else p.format)
    return codec.read(unpacked, name=p.name or archive.name)


@contextmanager
def _open_gzip(archive: Path) -> Iterator[gzip.GzipFile]:
    try:
        with gzip.open(archive) as source:
            yield source
    except (gzip.BadGzipFile, EOFError, zlib.error) as cause:
        raise ModuleError("0131", f"The Gzip archive cannot be unpacked: {cause}.") from cause


@contextmanager
def _open_zipped(archive: Path, name: str) -> Iterator[IO[bytes]]:
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(_member(opened, name)) as source:
            yield source
    except zipfile.BadZipFile as cause:
        raise ModuleError("0102", f"The Zip archive cannot be read: {cause}.") from cause
    except (RuntimeError, NotImplementedError, zlib.error, EOFError) as cause:
        # Encrypted members, unknown methods and damaged contents.
        raise ModuleError("0131", f"The Zip archive cannot be unpacked: {cause}.") from cause


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """The member of that name, given with or without its folders, or the only one."""
    members = [m for m in archive.infolist() if not m.is_dir() and not _is_hidden(m.filename)]
    if name.strip():
        wanted = name.strip()
        found = [m for m in members if m.filename == wanted] or [
            m for m in members if PurePosixPath(m.filename).name == wanted
        ]
        if not found:
            raise ModuleError(
                "0133",
                f"The archive holds no file '{wanted}'.{nearest(wanted, [m.filename for m in members])}",
                parameter=_NAME,
            )
        return found[0]
    if not members:
        raise ModuleError("0133", "The archive holds no file.", parameter=_NAME)
    if len(members) > 1:
        listed = ", ".join(f"'{m.filename}'" for m in members[:5])
        raise ModuleError(
            "0132", f"The archive holds {len(members)} files, name one of them: {listed}.", parameter=_NAME
        )
    return members[0]


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith((".", "__MACOSX")) for part in parts)
