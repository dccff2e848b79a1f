"""Data Transformation / Sample and Split: Partition and Sample (modules reference, 23)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, columns, integer, mode, real, text, when
from restudio.core.schema import Column, DType, Role, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Serving, module, table_in, table_out
from restudio.modules.folds import FOLDS, split_off, with_folds
from restudio.modules.strata import strata_of
from restudio.seams.context import Context
from restudio.tables.table import Table

_ASSIGN, _PICK, _SAMPLING, _HEAD = "Assign to Folds", "Pick Fold", "Sampling", "Head"
_EVENLY, _CUSTOM = "Partition evenly", "Partition with customized proportions"
_PROPORTIONS = "List of proportions separated by comma"
_YES_NO = ("False", "True")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionAndSampleParams:
    way: str = mode("Partition or sample mode", (_ASSIGN, _PICK, _SAMPLING, _HEAD), _SAMPLING)
    replacement: bool = boolean(
        "Use replacement in the partitioning",
        False,
        when=when("way", _ASSIGN),
        help="Draw the rows anew: a row may come several times, in several folds, or not at all.",
    )
    randomized: bool = boolean("Randomized split", True, when=when("way", _ASSIGN), help="Off: one row after another.")
    seed: int = integer("Random seed", 0, ge=0, when=when("way", _ASSIGN))
    method: str = mode(
        "Specify the partitioner method",
        (_EVENLY, _CUSTOM),
        aliases=("Partitioner method",),
        when=when("way", _ASSIGN),
    )
    folds: int = integer(
        "Specify number of folds to split evenly into",
        5,
        ge=1,
        aliases=("Specify how many folds do you want to split evenly into",),
        when=when("method", _EVENLY),
    )
    even_stratified: str = choice("Stratified split", _YES_NO, when=when("method", _EVENLY))
    even_key: Selection = columns("Stratification key column", single=True, when=when("even_stratified", "True"))
    proportions: str = text(
        _PROPORTIONS,
        "0.5, 0.5",
        aliases=("Proportion list of customized folds separated by comma",),
        when=when("method", _CUSTOM),
        help="What is left to 1 is a fold of its own.",
    )
    custom_stratified: str = choice(
        "Stratified split for customized fold assignment", _YES_NO, when=when("method", _CUSTOM)
    )
    custom_key: Selection = columns(
        "Stratification key column for customized fold assignment", single=True, when=when("custom_stratified", "True")
    )
    picked: int = integer("Specify which fold to be sampled from", 1, ge=1, when=when("way", _PICK))
    complement: bool = boolean("Pick complement of the selected fold", False, when=when("way", _PICK))
    rate: float = real("Rate of sampling", 0.01, ge=0, le=1, when=when("way", _SAMPLING))
    sampling_seed: int = integer("Random seed for sampling", 0, ge=0, when=when("way", _SAMPLING))
    sampling_stratified: str = choice("Stratified split for sampling", _YES_NO, when=when("way", _SAMPLING))
    sampling_key: Selection = columns(
        "Stratification key column for sampling", single=True, when=when("sampling_stratified", "True")
    )
    head: int = integer("Number of rows to select", 10, ge=0, when=when("way", _HEAD))


@module(
    id="partition-and-sample",
    name="Partition and Sample",
    category="Data Transformation / Sample and Split",
    params=PartitionAndSampleParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("oDataset"),),
    family="a8726e341b3e4515b59a3e4a475654b8",
    serving=Serving.PASS_THROUGH,
    errors=("0001", "0002", "0003", "0007", "0017", "0018", "0022"),
)
def partition_and_sample(p: PartitionAndSampleParams, dataset: Table, *, ctx: Context) -> Table:
    """Assigns the rows of a dataset to folds, picks the rows of one fold (or of all others), takes a random sample in
    the order of the rows, or takes the first rows. Folds are even or of given proportions; with a stratification key
    every value has the same share in every fold or in the sample. Folds stand in a column of their own role that
    modules for training honour; picking a fold takes it away.

    Example:
      parameters: {Partition or sample mode: Head, Number of rows to select: 2}
      Dataset: {age: [41, 32, 50]}
      oDataset: {age: [41, 32]}
    """
    match p.way:
        case "Head":
            return dataset.slice(0, p.head)
        case "Sampling":
            return _sample(p, dataset)
        case "Pick Fold":
            return _pick(p, dataset)
    return _assign(p, dataset)


@partition_and_sample.tells_schema
def _schema(p: PartitionAndSampleParams, dataset: Schema) -> Schema:
    if p.way in (_SAMPLING, _HEAD):
        return dataset
    plain = [column for column in dataset if column.role is not Role.FOLD]
    added = [Column(FOLDS, DType.INTEGER, role=Role.FOLD)] if p.way == _ASSIGN else []
    return Schema.of([*plain, *added])


def _sample(p: PartitionAndSampleParams, dataset: Table) -> Table:
    key = p.sampling_key if p.sampling_stratified == "True" else None
    random = np.random.default_rng(p.sampling_seed)
    chosen = np.zeros(dataset.num_rows, np.bool_)
    for rows in strata_of(dataset, key, parameter="Stratification key column for sampling"):
        count = int(np.floor(len(rows) * p.rate + 0.5))
        chosen[random.choice(rows, count, replace=False, shuffle=False)] = True
    return dataset.filter(pa.array(chosen))


def _pick(p: PartitionAndSampleParams, dataset: Table) -> Table:
    plain, folds = split_off(dataset)
    if folds is None:
        raise ModuleError("0018", "The dataset has no folds; assign them with another Partition and Sample before.")
    count = int(folds.max(initial=-1)) + 1
    if p.picked > count:
        raise ModuleError(
            "0018",
            f"There is no fold {p.picked}; the dataset has {count}.",
            parameter="Specify which fold to be sampled from",
        )
    return plain.filter(pa.array((folds == p.picked - 1) != p.complement))


def _assign(p: PartitionAndSampleParams, dataset: Table) -> Table:
    random = np.random.default_rng(p.seed)
    if p.replacement:
        rows = np.sort(random.integers(0, max(dataset.num_rows, 1), dataset.num_rows))
        dataset = dataset.take(pa.array(rows))
    evenly = p.method == _EVENLY
    ends = None if evenly else _ends(p.proportions)
    stratified, key = (p.even_stratified, p.even_key) if evenly else (p.custom_stratified, p.custom_key)
    parameter = f"Stratification key column{'' if evenly else ' for customized fold assignment'}"
    folds = np.zeros(dataset.num_rows, np.int64)
    dealt = 0
    for stratum in strata_of(dataset, key if stratified == "True" else None, parameter=parameter):
        places = random.permutation(stratum) if p.randomized else stratum
        if ends is None:
            # The next stratum goes on where this one ended, so that folds stay even.
            folds[places] = (dealt + np.arange(len(places))) % p.folds
            dealt += len(places)
        else:
            folds[places] = np.searchsorted(ends, (np.arange(len(places)) + 0.5) / len(places), side="right")
    return with_folds(dataset, folds)


def _ends(listed: str) -> np.ndarray:
    """Where each fold ends, as a share of all rows, without the end of the last one."""
    try:
        shares = [float(part) for part in listed.split(",") if part.strip()]
    except ValueError as cause:
        raise ModuleError(
            "0002", f"'{listed[:80]}' is no list of numbers such as '0.5, 0.3'.", parameter=_PROPORTIONS
        ) from cause
    if not shares or not all(0 < share <= 1 for share in shares):
        raise ModuleError("0002", "Proportions must be numbers above 0 and up to 1.", parameter=_PROPORTIONS)
    ends = np.cumsum(shares)
    if ends[-1] > 1 + 1e-9:
        raise ModuleError(
            "0007", f"The proportions sum up to {ends[-1]:g}; at most 1 is possible.", parameter=_PROPORTIONS
        )
    return ends[:-1] if ends[-1] > 1 - 1e-9 else ends
