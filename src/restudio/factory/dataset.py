"""The declaration of a dataset type, and the data that a dataset leads to.

    @dataset_type(type="Binary", properties=(DatasetProperty("location", required=True, help="Where it is."),))
    def binary(dataset: Dataset, platform: Platform) -> FileData: ...

A type is a function in a file of ``restudio.factory.datasets``; adding one edits no other file.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from restudio.core.errors import nearest
from restudio.factory.activity import Dataset
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import FileStore, join
from restudio.factory.formats.format import Format
from restudio.factory.http_place import HttpPlace
from restudio.factory.platform import Platform
from restudio.factory.properties import Json, Properties
from restudio.factory.sql.place import SqlPlace
from restudio.factory.type_catalog import TypeCatalog, collect


@dataclass(frozen=True, slots=True)
class FileData:
    """Files in a store. ``name`` is "" for the whole folder; ``form`` is None for bytes as they are."""

    dataset: Dataset
    store: FileStore
    folder: str
    name: str
    form: Format | None
    codec: str = ""
    level: Json = None

    @property
    def path(self) -> str:
        return join(self.folder, self.name)


@dataclass(frozen=True, slots=True)
class HttpData:
    """One file behind a request."""

    dataset: Dataset
    place: HttpPlace
    relative: str
    form: Format | None
    codec: str = ""
    request: Properties = field(default_factory=lambda: Properties({}))
    """``requestMethod``, ``requestBody``, ``additionalHeaders``."""


@dataclass(frozen=True, slots=True)
class TableData:
    """A table; ``table`` is "" when only queries are made."""

    dataset: Dataset
    place: SqlPlace
    schema: str | None
    table: str


@dataclass(frozen=True, slots=True)
class RestData:
    """Answers of a REST service."""

    dataset: Dataset
    place: HttpPlace
    relative: str
    request: Properties


Data: TypeAlias = FileData | HttpData | TableData | RestData
Open = Callable[[Dataset, Platform, str], Data]
"""The last argument is the type of the activity, for messages."""


@dataclass(frozen=True, slots=True)
class DatasetProperty:
    """One member of ``typeProperties``."""

    name: str
    required: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class DatasetKind:
    """A declaration beside its function."""

    type: str
    help: str
    properties: tuple[DatasetProperty, ...]
    aliases: tuple[str, ...]
    open: Open

    @property
    def names(self) -> tuple[str, ...]:
        return (self.type, *self.aliases)


def dataset_type(
    *, type: str, properties: tuple[DatasetProperty, ...], aliases: tuple[str, ...] = ()
) -> Callable[[Open], DatasetKind]:
    """Declare a type; the function's docstring is its help text."""

    def declare(function: Open) -> DatasetKind:
        return DatasetKind(type, inspect.getdoc(function) or "", properties, aliases, function)

    return declare


class DatasetKinds(TypeCatalog[DatasetKind]):
    """Types of datasets by name, in any case."""

    NOUN = "datasets"


@functools.cache
def all_datasets() -> DatasetKinds:
    """Every type that this product knows."""
    return DatasetKinds(collect("restudio.factory.datasets", DatasetKind))


def unsupported(dataset: Dataset, activity_type: str, more: str = "") -> ActivityFailed:
    """2110: the activity can do nothing with data of that kind."""
    return ActivityFailed(
        "2110", f"The dataset type '{dataset.type}' is not supported for '{activity_type}' activities.{more}"
    )


def open_dataset(dataset: Dataset, platform: Platform, activity_type: str) -> Data:
    """What a dataset leads to; 2103 and 2104 for what it does not say well."""
    kind = all_datasets().get(dataset.type)
    if kind is None:
        raise unsupported(dataset, activity_type, nearest(dataset.type, all_datasets()))
    for each in kind.properties:
        if each.required and dataset.properties.get(each.name) in (None, ""):
            raise ActivityFailed.missing(each.name)
    return kind.open(dataset, platform, activity_type)
