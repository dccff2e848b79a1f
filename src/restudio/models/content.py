"""Contents of assets as files, and what a dataset's content says of its columns."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from restudio.core.errors import ModuleError
from restudio.core.schema import Schema
from restudio.seams.objects import Objects
from restudio.tables.formats import get_codec
from restudio.tables.memory import release_memory


@contextmanager
def local_copy(objects: Objects, key: str) -> Iterator[Path]:
    """A local file with an object: the store's own, or a copy for the time being; ``KeyError`` when it is missing."""
    found = objects.local(key)
    if found is not None:
        yield found
        return
    with _folder() as folder:
        path = folder / "object"
        with path.open("xb") as file:
            file.writelines(objects.stream(key))
        yield path


def read_schema(content: bytes | Path, data_type_id: str) -> Schema | None:
    """The columns of a dataset, types inferred where its format has none; reads all of it.

    None for content that is no table of that format: it may be uploaded, and fails where it is used.
    """
    if isinstance(content, Path):
        return _read(content, data_type_id)
    with _folder() as folder:
        path = folder / "content"
        path.write_bytes(content)
        return _read(path, data_type_id)


def _read(path: Path, data_type_id: str) -> Schema | None:
    try:
        return get_codec(data_type_id).read(path).schema
    except ModuleError:
        return None
    finally:
        release_memory()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="restudio-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
