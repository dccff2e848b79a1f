"""A small catalog with the ports and parameters of the real one; its functions never run here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from restudio.core.params import boolean, choice, columns, integer, mode, real, text, when
from restudio.core.registry import Registry
from restudio.core.selector import Selection
from restudio.core.spec import Entry, LearnedTable, Port, PortKind, Serving, module, table_in, table_out

MODEL, UNTRAINED, TRANSFORM = PortKind.MODEL, PortKind.UNTRAINED, PortKind.TRANSFORM


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    asset: str = text("asset")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePort:
    name: str = text("Name")
    ignored: str = text("Ignored columns")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPort:
    name: str = text("Name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    url: str = text("URL")
    cached: bool = boolean("Use cached results", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    selection: Selection = columns("Select columns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    column: Selection = columns("Column")
    fields: str = choice("Fields", ["Unchanged", "Features", "Labels"])
    new_names: str = text("New column names")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    cleaned: Selection = columns("Columns to be cleaned", Selection.everything())


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    mode: str = mode("Splitting mode", ["Split Rows", "Regular Expression"])
    fraction: float = real(
        "Fraction of rows in the first output dataset", 0.5, ge=0, le=1, when=when("mode", "Split Rows")
    )
    seed: int = integer("Random seed", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ngrams:
    vocabulary: str = mode("Vocabulary mode", ["Create", "ReadOnly"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    trees: int = integer("Total number of trees constructed", 100, ge=1)
    seed: int | None = integer("Random number seed", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    label: Selection = columns("Label column", single=True)


def _entry(id: str, name: str, category: str, **options: Any) -> Entry:
    return module(id=id, name=name, category=category, **options)(lambda p, *inputs, ctx: None)


def _saved(id: str, name: str, port: Port) -> Entry:
    return _entry(id, name, "Saved", params=Asset, outputs=(port,))


def _catalog() -> Registry:
    data, prepare, learn = "Data Input and Output", "Data Transformation", "Machine Learning"
    table = table_in("Dataset")
    return Registry(
        [
            _saved("dataset", "Dataset", table_out("dataset")),
            _saved("trained-model", "Trained Model", Port("Trained model", MODEL)),
            _saved("transform", "Transform", Port("Transformation", TRANSFORM)),
            _entry("web-service-input", "Web Service Input", "Web Service", params=ServicePort,
                   outputs=(table_out("data"),)),
            _entry("web-service-output", "Web Service Output", "Web Service", params=OutputPort,
                   inputs=(Port("data", PortKind.ANY),)),
            _entry("import-data", "Import Data", data, params=Url, outputs=(table_out("Results dataset"),),
                   deterministic=False),
            _entry("export-data", "Export Data", data, params=Url, inputs=(table,), deterministic=False),
            _entry("select-columns-in-dataset", "Select Columns in Dataset", prepare, params=Picked, inputs=(table,),
                   outputs=(table_out("Results dataset"),), aliases=("Project Columns",)),
            _entry("edit-metadata", "Edit Metadata", prepare, params=Metadata, inputs=(table,),
                   outputs=(table_out("Results dataset"),)),
            _entry("join-data", "Join Data", prepare, inputs=(table_in("Left"), table_in("Right")),
                   outputs=(table_out("Results dataset"),)),
            _entry("clean-missing-data", "Clean Missing Data", prepare, params=Clean, inputs=(table,),
                   outputs=(table_out("Cleaned dataset"), Port("Cleaning transformation", TRANSFORM))),
            _entry("apply-transformation", "Apply Transformation", f"{learn} / Score",
                   inputs=(Port("Transformation", TRANSFORM), table), outputs=(table_out("Transformed dataset"),)),
            _entry("split-data", "Split Data", f"{prepare} / Sample and Split", params=Split, inputs=(table,),
                   outputs=(table_out("Results dataset1"), table_out("Results dataset2")),
                   serving=Serving.PASS_THROUGH),
            _entry("smote", "SMOTE", prepare, inputs=(table_in("Samples"),), outputs=(table_out("Table"),),
                   serving=Serving.NEVER),
            _entry("n-grams", "N-Grams", "Text Analytics", params=Ngrams,
                   inputs=(table, table_in("Input vocabulary", optional=True)),
                   outputs=(table_out("Results dataset"), table_out("Result vocabulary")),
                   learns=LearnedTable("Result vocabulary", "Input vocabulary", when("vocabulary", "ReadOnly"))),
            _entry("two-class-boosted-decision-tree", "Two-Class Boosted Decision Tree",
                   f"{learn} / Initialize Model / Classification", params=Learner,
                   outputs=(Port("Untrained model", UNTRAINED),)),
            _entry("train-model", "Train Model", f"{learn} / Train", params=Train,
                   inputs=(Port("Untrained model", UNTRAINED), table), outputs=(Port("Trained model", MODEL),),
                   serving=Serving.NEVER),
            _entry("train-recommender", "Train Recommender", f"{learn} / Train", inputs=(table,),
                   outputs=(Port("Recommender", MODEL),), serving=Serving.NEVER),
            _entry("score-model", "Score Model", f"{learn} / Score", inputs=(Port("Trained model", MODEL), table),
                   outputs=(table_out("Scored dataset"),)),
            _entry("evaluate-model", "Evaluate Model", f"{learn} / Evaluate",
                   inputs=(table_in("Scored dataset"), table_in("Scored dataset to compare", optional=True)),
                   outputs=(table_out("Evaluation results"),)),
        ]
    )  # fmt: skip


@pytest.fixture(scope="session")
def catalog() -> Registry:
    return _catalog()
