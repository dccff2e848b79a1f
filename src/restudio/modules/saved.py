"""Saved things as nodes of a graph: datasets, trained models and transforms of the workspace."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.artifacts.container import read_artifact
from restudio.artifacts.values import Artifact, Model, Transform
from restudio.core.errors import ModuleError
from restudio.core.params import text
from restudio.core.spec import Port, PortKind, module, table_out
from restudio.graph.model import DATASET, SAVED_MODEL, SAVED_TRANSFORM
from restudio.graph.ports import ASSET
from restudio.seams.context import Context
from restudio.tables.formats import get_codec, sniff_codec
from restudio.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetParams:
    asset: str = text(
        ASSET,
        "",
        help="The dataset: its id, its name, or ``name:version``; or a data path "
        "(``azureml://datastores/STORE/paths/PATH``), a file, a folder or a pattern.",
    )
    format: str = text("Format", "", help="DataTypeId of the content; blank: told from the content.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedParams:
    asset: str = text(ASSET, "", help="The saved version.")


@module(
    id=DATASET,
    name="Dataset",
    category="Saved Datasets",
    outputs=(table_out("dataset"),),
    params=DatasetParams,
    known_by_running="The saved dataset has its own columns.",
    errors=("0003", "0049"),
)
def dataset(p: DatasetParams, *, ctx: Context) -> Table:
    """A dataset of the workspace, read in the format it was uploaded in."""
    path = ctx.asset(_named(p.asset))
    codec = get_codec(p.format) if p.format else sniff_codec(path)
    return codec.read(path)


@module(
    id=SAVED_MODEL,
    name="Trained Model",
    category="Trained Models",
    outputs=(Port("Trained model", PortKind.MODEL),),
    params=SavedParams,
    errors=("0003", "0012"),
)
def trained_model(p: SavedParams, *, ctx: Context) -> Model:
    """A trained model saved from a run. It stays as it is when the experiment runs again."""
    value = _read(p.asset, ctx)
    if not isinstance(value, Model):
        raise ModuleError("0012", f"The saved thing '{p.asset}' is no trained model.", parameter=ASSET)
    return value


@module(
    id=SAVED_TRANSFORM,
    name="Transform",
    category="Transforms",
    outputs=(Port("Transformation", PortKind.TRANSFORM),),
    params=SavedParams,
    errors=("0003", "0018"),
)
def transform(p: SavedParams, *, ctx: Context) -> Transform:
    """A fitted transformation saved from a run."""
    value = _read(p.asset, ctx)
    if not isinstance(value, Transform):
        raise ModuleError("0018", f"The saved thing '{p.asset}' is no transformation.", parameter=ASSET)
    return value


def _named(asset: str) -> str:
    if not asset:
        raise ModuleError("0003", "No saved version is chosen.", parameter=ASSET)
    return asset


def _read(asset: str, ctx: Context) -> Artifact:
    return read_artifact(ctx.asset(_named(asset)).read_bytes())
