"""The known file formats, found by DataTypeId or by file name."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from restudio.core.errors import ModuleError, nearest
from restudio.tables.codec import Codec


@functools.cache
def all_codecs() -> Mapping[str, Codec]:
    """DataTypeId → codec, of every file in this package that declares one."""
    package = importlib.import_module(__package__)
    found: dict[str, Codec] = {}
    for info in pkgutil.iter_modules(package.__path__):
        for value in vars(importlib.import_module(f"{__package__}.{info.name}")).values():
            if isinstance(value, Codec) and found.setdefault(value.id, value) is not value:
                raise ValueError(f"two formats have the id {value.id!r}")
    return MappingProxyType(dict(sorted(found.items())))


def find_codec(name: str | Path) -> Codec | None:
    """By DataTypeId in any case, extension, or file name (``scores.nh.csv`` is CSV without header)."""
    folded = str(name).casefold()
    by_id = {key.casefold(): c for c in all_codecs().values() for key in (c.id, *c.aliases)}
    if folded in by_id:
        return by_id[folded]
    endings = [(ending, c) for c in all_codecs().values() for ending in c.extensions if folded.endswith(ending)]
    return max(endings, key=lambda pair: len(pair[0]))[1] if endings else None


def get_codec(name: str | Path) -> Codec:
    """As :func:`find_codec`; an unknown format is error 0048 that names the known ones."""
    codec = find_codec(name)
    if codec is None:
        known = [e for c in all_codecs().values() for e in c.extensions]
        raise ModuleError("0048", f"'{Path(name).name}' has no known file format.{nearest(str(name), known, limit=20)}")
    return codec


_MAGIC = ((b"ARROW1", "Dataset"), (b"PAR1", "Parquet"))
_SNIFFED = 65_536


def sniff_codec(path: Path) -> Codec:
    """The codec of a file whose name may say nothing, from its first bytes; text is CSV or TSV with a header."""
    with path.open("rb") as source:
        head = source.read(_SNIFFED)
    for magic, data_type in _MAGIC:
        if head.startswith(magic):
            return all_codecs()[data_type]
    by_name = find_codec(path.name) if path.suffix else None
    if by_name is not None:
        return by_name
    lines = [line for line in head.lower().splitlines() if line.strip() and not line.startswith(b"%")]
    first = lines[0] if lines else b""
    if first.startswith(b"@relation"):
        return all_codecs()["ARFF"]
    return all_codecs()["GenericTSV" if first.count(b"\t") > first.count(b",") else "GenericCSV"]
