"""From the files of a data path to one content: the file itself, or all of them as one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from restudio.core.errors import Kind, RestudioError
from restudio.tables.codec import Codec
from restudio.tables.encodings import ENCODINGS, to_utf8
from restudio.tables.formats import all_codecs, find_codec, get_codec, sniff_codec
from restudio.tables.table import Table

_TEXTS = ("GenericCSV", "GenericTSV", "GenericCSVNoHeader", "GenericTSVNoHeader")
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of a data path: its path in the store, and where it was copied to."""

    path: str
    local: Path


def join(
    pieces: Sequence[Piece],
    folder: Path,
    between: Callable[[], None] = lambda: None,
    *,
    data_type: str | None = None,
    encoding: str | None = None,
) -> tuple[Path, str]:
    """A file with the rows of all pieces in their order, and its DataTypeId.

    All are read in the format ``data_type``, or each as its name or its content tells. Texts are joined as texts, so
    that the types of columns are told from all rows; those in ``encoding`` (the shown name of one) become UTF-8.
    ``between`` is called now and then; what it raises ends the work.
    Error ``DataFilesDiffer`` for files of other columns or formats than the first one.
    """
    if encoding is not None:
        pieces = [_decoded(piece, encoding, folder / f"decoded{i}") for i, piece in enumerate(pieces)]
    codecs = [get_codec(data_type) if data_type else _codec(piece) for piece in pieces]
    if len(pieces) == 1:
        return pieces[0].local, codecs[0].id
    if any(codec.id != codecs[0].id for codec in codecs):
        other = next(i for i, codec in enumerate(codecs) if codec.id != codecs[0].id)
        raise _differ(pieces[0], pieces[other], f"the format {codecs[0].name}", codecs[other].name)
    if codecs[0].id in _TEXTS:
        has_header = "NoHeader" not in codecs[0].id
        return _join_texts(pieces, folder / "joined", between, header=has_header), codecs[0].id
    return _join_tables(pieces, codecs[0], folder / "joined", between), "Dataset"


def _decoded(piece: Piece, encoding: str, target: Path) -> Piece:
    return Piece(piece.path, to_utf8(piece.local, target, ENCODINGS[encoding], piece.path))


def _codec(piece: Piece) -> Codec:
    return find_codec(Path(piece.path).name) or sniff_codec(piece.local)


def _join_texts(pieces: Sequence[Piece], target: Path, between: Callable[[], None], *, header: bool) -> Path:
    first: bytes | None = None
    with target.open("xb") as joined:
        for piece in pieces:
            with piece.local.open("rb") as source:
                line = _tidy(source.readline()) if header else b""
                if first is None:
                    first = line
                    joined.write(line + b"\n" if header else b"")
                elif line != first:
                    expected, got = (text.decode("utf-8", "replace")[:200] for text in (first, line))
                    raise _differ(pieces[0], piece, f"the header '{expected}'", f"'{got}'")
                ended = True
                while data := source.read(_PIECE):
                    between()
                    joined.write(data)
                    ended = data.endswith(b"\n")
                if not ended:
                    joined.write(b"\n")
    return target


def _tidy(line: bytes) -> bytes:
    return line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")


def _join_tables(pieces: Sequence[Piece], codec: Codec, target: Path, between: Callable[[], None]) -> Path:
    tables = []
    for piece in pieces:
        between()
        tables.append(codec.read(piece.local, name=piece.path))
    for piece, table in zip(pieces, tables, strict=True):
        if table.names != tables[0].names:
            expected, got = (", ".join(t.names)[:200] for t in (tables[0], table))
            raise _differ(pieces[0], piece, f"the columns {expected}", got)
    joined = pa.concat_tables([table.data for table in tables], promote_options="permissive")
    all_codecs()["Dataset"].write(Table.from_arrow(joined), target)
    return target


def _differ(first: Piece, other: Piece, expected: str, got: str) -> RestudioError:
    text = (
        f"The files of a data path are read as one table: '{first.path}' has {expected}, but '{other.path}' has {got}."
    )
    return RestudioError(Kind.BAD_ARGUMENT, "DataFilesDiffer", text, target=other.path)
