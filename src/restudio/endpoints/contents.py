"""Saved contents by digest: what a scorer is built from, decoded and kept for the next build."""

from __future__ import annotations

import threading
from collections import OrderedDict

from restudio.artifacts.container import read_artifact
from restudio.artifacts.values import UntrainedModel
from restudio.core.errors import Kind, ModuleError, RestudioError
from restudio.core.ids import Digest
from restudio.core.schema import Schema
from restudio.endpoints.types import Holding
from restudio.models.content import local_copy
from restudio.models.types import asset_key
from restudio.scoring.compile import Saved
from restudio.seams.objects import Objects
from restudio.tables.formats import get_codec
from restudio.tables.table import Table


class Contents:
    """Thread-safe. The ``capacity`` contents used last stay decoded."""

    def __init__(self, objects: Objects, capacity: int = 64) -> None:
        self._objects = objects
        self._capacity = capacity
        self._kept: OrderedDict[str, Saved] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, held: Holding) -> Saved:
        """The model, transform or table; ``ModelPackageNotFound`` when the store has lost it."""
        with self._lock:
            known = self._kept.get(held.digest)
            if known is not None:
                self._kept.move_to_end(held.digest)
                return known
        try:
            value = self._read_table(held) if held.data_type_id else self._read_artifact(held)
        except KeyError as cause:
            message = (
                f"The content of '{held.asset}' is missing in the object store ({asset_key(Digest(held.digest))})."
            )
            raise RestudioError(Kind.NOT_FOUND, "ModelPackageNotFound", message, target=held.asset) from cause
        with self._lock:
            self._kept[held.digest] = value
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        return value

    def _read_artifact(self, held: Holding) -> Saved:
        value = read_artifact(self._objects.get(asset_key(Digest(held.digest))))
        if isinstance(value, UntrainedModel):
            raise RestudioError(
                Kind.BAD_ARGUMENT, "InvalidBlob", f"'{held.asset}' is an untrained model.", target=held.asset
            )
        return value

    def head(self, held: Holding, schema: Schema, rows: int) -> Table | None:
        """The first rows of a dataset, without reading the rest; None when it is lost or does not have that schema."""
        codec = get_codec(held.data_type_id)
        try:
            with local_copy(self._objects, asset_key(Digest(held.digest))) as path:
                first = next(iter(codec.iter_chunks(path, schema, rows)), None)
                return None if first is None else Table(schema, first.take(list(range(min(rows, first.num_rows)))))
        except (KeyError, ModuleError):
            return None

    def _read_table(self, held: Holding) -> Table:
        codec = get_codec(held.data_type_id)
        with local_copy(self._objects, asset_key(Digest(held.digest))) as path:
            return codec.read(path, name=held.asset)
