"""Nodes that read data by a path in a data store: datasets that name one, and Import Data with that source.

A parameter for data that serves the path of Import Data may also name a data set: then that is what the node reads.
"""

from __future__ import annotations

from dataclasses import replace

from restudio.graph.data_path import DataPath, make_data_path, parse_data_path
from restudio.graph.model import DATASET, Node
from restudio.graph.ports import ASSET, asset_of, param

IMPORT_DATA = "import-data"
SOURCES = ("Data source", "Please Specify Data Source")
"""The parameter of Import Data that chooses where it reads, under both of its names."""
DATASTORE = "Datastore"
STORE, PATH = "Datastore", "Path"
FILE_FORMAT, HEADER, REGENERATE = "File format in the datastore", "Files have header row", "Regenerate output"
ENCODING, UTF8 = "Encoding of the files", "Unicode (UTF-8)"
BY_NAME = "By file name"
_TEXTS = {"CSV": "GenericCSV", "TSV": "GenericTSV"}


def data_path_of(node: Node) -> DataPath | None:
    """The data path that a node reads, when it reads one. ``InvalidDataPath`` for one that leads out of its store."""
    if node.module == DATASET:
        return parse_data_path(asset_of(node) or "")
    if not _imports(node):
        return None
    if (asset := asset_of(node)) is not None:
        return parse_data_path(asset)
    store, path = str(param(node, STORE) or ""), str(param(node, PATH) or "")
    return parse_data_path(path) or (make_data_path(store, path) if store.strip() else None)


def data_type_of(node: Node) -> str | None:
    """The format (DataTypeId) in which the files of a node's data path are to be read; None: as their names tell."""
    form = str(param(node, FILE_FORMAT) or BY_NAME)
    if not _imports(node) or form == BY_NAME:
        return None
    if form not in _TEXTS:
        return form
    return _TEXTS[form] + ("" if _is_set(node, HEADER, default=True) else "NoHeader")


def encoding_of(node: Node) -> str | None:
    """The encoding (shown name) of the text files of a node's data path; None for UTF-8."""
    form, named = str(param(node, FILE_FORMAT) or BY_NAME), str(param(node, ENCODING) or UTF8)
    return named if _imports(node) and form in _TEXTS and named != UTF8 else None


def names_data_set(node: Node) -> bool:
    """Whether a node reads a data set: one of its kind, or Import Data whose parameter names one."""
    reads = node.module == DATASET or _imports(node)
    return reads and asset_of(node) is not None and data_path_of(node) is None


def with_data(node: Node, field: str, named: object) -> Node:
    """The node with what it reads named by its field for data, as a parameter names it: a data set or a data path."""
    if asset_of(node) == named:
        return node
    others = {shown: value for shown, value in node.params.items() if shown.casefold() not in (ASSET, field.casefold())}
    reads_path = node.module != DATASET and parse_data_path(str(named)) is not None
    return replace(node, params={**others, field if reads_path else ASSET: named})


def reads_again(node: Node) -> bool:
    """Whether a node must not take an earlier output, though its data is the same."""
    return node.regenerate or (_imports(node) and _is_set(node, REGENERATE, default=False))


def is_data_field(node: Node, field: str) -> bool:
    """Whether a field names data, so that a parameter for data may serve it."""
    wanted = ASSET if node.module == DATASET else PATH if _imports(node) else None
    return wanted is not None and field.casefold() == wanted.casefold()


def _imports(node: Node) -> bool:
    chosen = next((value for name in SOURCES if (value := param(node, name)) is not None), "")
    return node.module == IMPORT_DATA and str(chosen).casefold() == DATASTORE.casefold()


def _is_set(node: Node, name: str, *, default: bool) -> bool:
    value = param(node, name)
    return default if value is None else str(value).casefold() == "true"
