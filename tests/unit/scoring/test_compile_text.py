"""A saved vocabulary is a setting of its module: n-grams are computed by kernels, also for words never seen."""

from __future__ import annotations

from typing import cast

import pytest
from tests.unit.modules.catalog import run

from restudio.core.registry import Registry
from restudio.core.spec import Entry
from restudio.graph.model import DATASET, WEB_INPUT, WEB_OUTPUT, Edge, Graph, Node
from restudio.modules.saved import dataset
from restudio.modules.text_features import extract_ngram_features_from_text
from restudio.modules.text_preprocessing import preprocess_text
from restudio.modules.web_service import web_service_input, web_service_output
from restudio.scoring.compile import compile_graph
from restudio.tables.table import Table

TABLES = {
    "reviews": Table.from_columns({"review": ["The food was great", "Great food!", "Terrible staff", "Rude staff"]}),
    "words": Table.from_columns({"word": ["the", "was"]}),
}
ENTRIES: list[Entry] = [
    dataset, extract_ngram_features_from_text, preprocess_text, web_service_input, web_service_output,
]  # fmt: skip
TEXT = {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": ["Preprocessed review"]}]}
SETTINGS: dict[str, object] = {
    "Minimum n-gram document absolute frequency": 2,
    "Use filter-based feature selection": "False",
    "Text column": TEXT,
}


def vocabulary() -> Table:
    cleaned = run(preprocess_text, TABLES["reviews"], TABLES["words"])
    return cast("tuple[Table, Table]", run(extract_ngram_features_from_text, cleaned, None, **SETTINGS))[1]


def test_a_service_keeps_its_vocabulary() -> None:
    graph = Graph(
        nodes=(
            Node("data", DATASET, {"asset": "reviews"}),
            Node("words", DATASET, {"asset": "words"}),
            Node("terms", DATASET, {"asset": "vocabulary"}),
            Node("in", WEB_INPUT, {"Name": "input1"}),
            Node("clean", "preprocess-text", {}),
            Node("ngrams", "extract-n-gram-features-from-text", {**SETTINGS, "Vocabulary mode": "ReadOnly"}),
            Node("out", WEB_OUTPUT, {"Name": "output1"}),
        ),
        edges=(
            Edge("data", "dataset", "clean", "Dataset"),
            Edge("in", web_service_input.spec.outputs[0].name, "clean", "Dataset"),
            Edge("words", "dataset", "clean", "Stop words"),
            Edge("clean", "Results dataset", "ngrams", "Dataset"),
            Edge("terms", "dataset", "ngrams", "Input vocabulary"),
            Edge("ngrams", "Results dataset", "out", web_service_output.spec.inputs[0].name),
        ),
    )
    tables = {**TABLES, "vocabulary": vocabulary()}
    scorer = compile_graph(graph, Registry(ENTRIES), tables.__getitem__)
    assert scorer.fast, scorer.reason
    (row,) = scorer.score_rows({"input1": [["The sushi was great, great FOOD"]]})["output1"].rows
    found = dict(zip(scorer.outputs["output1"].names, row, strict=True))
    assert found["Preprocessed review"] == "sushi great great food"
    assert found["Preprocessed review.NgramsString"] == "great food"
    assert found["Preprocessed review.[food]"] == found["Preprocessed review.[great]"] == pytest.approx(0.5**0.5)
    assert found["Preprocessed review.[staff]"] == 0.0
