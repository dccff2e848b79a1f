"""Predictive graphs of real modules: kernels give what the table functions give, and say when there are none."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restudio.core.cells import Cell
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.schema import Column, DType, Role, Schema
from restudio.core.spec import Entry, module, table_in, table_out
from restudio.graph.model import DATASET, SAVED_MODEL, WEB_INPUT, WEB_OUTPUT, Edge, Graph, Node
from restudio.scoring.compile import Saved, compile_graph
from restudio.scoring.contexts import Contexts
from restudio.scoring.interpreted import Interpreter
from restudio.scoring.scorer import Scorer
from restudio.seams.context import Context
from restudio.tables.table import ARROW_TYPES, Table

SCHEMA = Schema.of(
    [
        Column("age", DType.INTEGER),
        Column("job", DType.STRING),
        Column("hours", DType.DOUBLE),
        Column("spare", DType.STRING),
        Column("label", DType.STRING, role=Role.LABEL),
    ]
)
ROWS: list[tuple[Cell, ...]] = [
    (20 + i % 50, ["clerk", "nurse", "cook"][i % 3], 10.0 + i % 40, "x", "no" if (i % 50) + (i % 3) * 9 < 30 else "yes")
    for i in range(300)
]


@module(id="shout", name="Shout", category="Test", inputs=(table_in("Dataset"),), outputs=(table_out("Louder"),))
def shout(p: object, dataset: Table, *, ctx: Context) -> Table:
    """Upper case; it has no kernels."""
    texts = [c for c in dataset.schema if c.dtype is DType.STRING]
    return dataset.with_columns({c: pc.utf8_upper(dataset.column(c.name)) for c in texts})


@module(
    id="stack",
    name="Stack",
    category="Test",
    inputs=(table_in("First"), table_in("Second")),
    outputs=(table_out("Both"),),
)
def stack(p: object, first: Table, second: Table, *, ctx: Context) -> Table:
    """Rows of both."""
    return Table(first.schema, pa.concat_tables([first.data, second.data]))


@functools.cache
def registry() -> Registry:
    found = Registry.collect("restudio.modules")
    return Registry([*found.values(), shout, stack])


def table() -> Table:
    columns = zip(*ROWS, strict=True)
    return Table.from_columns({c.name: list(cells) for c, cells in zip(SCHEMA, columns, strict=True)}, SCHEMA)


class Plain:
    """The context of training in a test."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch

    def progress(self, fraction: float, message: str = "") -> None:
        """Nobody watches."""

    def log(self, text: str) -> None:
        """Nobody reads."""

    def entry(self, module_id: str) -> Entry:
        return registry().get_entry(module_id)


@functools.cache
def assets() -> dict[str, Saved]:
    found = registry()
    with tempfile.TemporaryDirectory() as folder:
        context: Any = Plain(Path(folder))
        models: dict[str, Saved] = {"data": table()}
        for learner in ("two-class-logistic-regression", "two-class-boosted-decision-tree"):
            entry = found.get_entry(learner)
            untrained = entry.run(parse_params(entry.spec.params, {}), ctx=context)
            train = found.get_entry("train-model")
            selection = {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": ["label"]}]}
            params: Any = parse_params(train.spec.params, {"Label column": selection})
            chosen = table().select(["age", "job", "hours", "label"])
            models[learner] = train.run(params, untrained, chosen, ctx=context)
    return models


SELECT = {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": ["age", "job", "hours"]}]}


def port(module_id: str, *, out: bool, at: int = 0) -> str:
    spec = registry().get_entry(module_id).spec
    return (spec.outputs if out else spec.inputs)[at].name


def edge(source: Node, target: Node, at: int = 0) -> Edge:
    return Edge(source.id, port(source.module, out=True), target.id, port(target.module, out=False, at=at))


DATA = Node("data", DATASET, {"asset": "data"})
INPUT = Node("input", WEB_INPUT, {"Name": "input1"})
SELECTING = Node("select", "select-columns-in-dataset", {"Select columns": SELECT})
SCORING = Node("score", "score-model")
OUTPUT = Node("output", WEB_OUTPUT, {"Name": "output1"})


def predictive(learner: str, *between: Node) -> Graph:
    """Data and input, Select Columns, what stands between, Score Model, output."""
    model = Node("model", SAVED_MODEL, {"asset": learner})
    chain = [SELECTING, *between]
    edges = [edge(DATA, SELECTING), edge(INPUT, SELECTING)]
    edges += [edge(a, b) for a, b in pairwise(chain)]
    edges += [edge(model, SCORING), edge(chain[-1], SCORING, 1), edge(SCORING, OUTPUT)]
    return Graph((DATA, INPUT, model, SCORING, OUTPUT, *chain), tuple(edges))


def compiled(graph: Graph) -> Scorer:
    return compile_graph(graph, registry(), assets().__getitem__)


LEARNERS = ("two-class-logistic-regression", "two-class-boosted-decision-tree")
LINES = st.lists(
    st.tuples(
        st.none() | st.integers(-5, 120),
        st.none() | st.sampled_from(["clerk", "nurse", "cook", "pilot", ""]),
        st.none() | st.floats(-100, 100),
        st.none() | st.just("x"),
    ),
    max_size=5,
)


@pytest.mark.parametrize("learner", LEARNERS)
@given(lines=LINES)
@settings(max_examples=40, deadline=None)
def test_kernels_give_what_the_table_functions_give(learner: str, lines: list[tuple[Cell, ...]]) -> None:
    graph = predictive(learner)
    scorer = scorer_of(learner)
    schema = scorer.inputs["input1"].schema
    arrays = [pa.array([r[i] for r in lines], ARROW_TYPES[c.dtype]) for i, c in enumerate(schema)]
    data = pa.Table.from_arrays(arrays, names=list(schema.names))
    by_row = list(scorer.score_rows({"input1": [list(r) for r in lines]})["output1"].rows)
    by_chunk = scorer.score_table({"input1": data})["output1"]
    interpreter = Interpreter(graph, registry(), assets().__getitem__, None)
    by_function = interpreter.outputs({"input1": Table(schema, data)})["output1"]
    expected = [tuple(r.values()) for r in by_function.data.to_pylist()]
    assert repr(by_row) == repr(expected)
    assert repr([tuple(r.values()) for r in by_chunk.to_pylist()]) == repr(expected)
    assert scorer.outputs["output1"] == by_function.schema


@functools.cache
def scorer_of(learner: str) -> Scorer:
    return compiled(predictive(learner))


def test_a_fast_service_takes_its_schema_from_the_data_and_leaves_the_label_out() -> None:
    scorer = scorer_of(LEARNERS[0])
    assert (scorer.fast, scorer.reason) == (True, None)
    assert scorer.inputs["input1"].schema.names == ("age", "job", "hours", "spare")
    assert scorer.inputs["input1"].ignored == {"label"}
    assert scorer.outputs["output1"].names == ("age", "job", "hours", "Scored Labels", "Scored Probabilities")


def test_scoring_touches_neither_registry_nor_assets() -> None:
    class Gone(Registry):
        closed = False

        def get_entry(self, name: str) -> Entry:
            if self.closed:
                raise AssertionError("the registry is not for scoring")
            return super().get_entry(name)

    found = Gone(registry().values())
    open_assets = dict(assets())
    scorer = compile_graph(predictive(LEARNERS[0]), found, open_assets.__getitem__)
    found.closed = True
    open_assets.clear()
    assert scorer.score_rows({"input1": [[30, "nurse", 40.0, "x"]]})["output1"].rows


def test_a_module_without_kernels_is_interpreted() -> None:
    scorer = compiled(predictive(LEARNERS[0], Node("shout", "shout")))
    assert not scorer.fast
    assert scorer.reason == "module 'Shout' has no fast form"
    (row,) = scorer.score_rows({"input1": [[30, "nurse", 40.0, "x"]]})["output1"].rows
    assert row[:2] == (30, "NURSE")
    assert list(scorer.score_rows({"input1": []})["output1"].rows) == []


def test_a_saved_dataset_beside_the_calls_rows_is_read_once() -> None:
    loads: list[str] = []

    def load(asset: str) -> Saved:
        loads.append(asset)
        return assets()[asset]

    other = Node("other", DATASET, {"asset": "data"})
    select_other = Node("select other", SELECTING.module, SELECTING.params)
    node = Node("stack", "stack")
    graph = predictive(LEARNERS[0], node)
    extra = (edge(other, select_other), edge(select_other, node, 1))
    graph = graph.replacing(nodes=(*graph.nodes, other, select_other), edges=(*graph.edges, *extra))
    scorer = compile_graph(graph, registry(), load)
    seen = len(loads)
    for _ in range(3):
        rows = scorer.score_rows({"input1": [[30, "nurse", 40.0, "x"]]})["output1"].rows
        assert len(rows) == len(ROWS) + 1
    assert len(loads) == seen


JOBS = Table.from_columns({"name": ["nurse", "cook", "pilot"], "pay": [3, 2, 5]})


def test_rows_are_looked_up_in_what_is_made_of_a_saved_dataset() -> None:
    """The second dataset is made once, by modules without kernels; the rows of calls are looked up in it."""
    saved: dict[str, Saved] = {**assets(), "jobs": JOBS}
    jobs = Node("jobs", DATASET, {"asset": "jobs"})
    query = Node("query", "apply-sql-transformation", {"SQL Query Script": "select name, pay * 10 as pay from t1"})
    keys = {"Join key columns for L": "job", "Join key columns for R": "name"}
    node = Node(
        "join", "join-data", {**keys, "Join type": "Inner Join", "Keep right key columns in joined table": False}
    )
    graph = predictive(LEARNERS[0], node)
    extra = (edge(jobs, query), edge(query, node, 1))
    graph = graph.replacing(nodes=(*graph.nodes, jobs, query), edges=(*graph.edges, *extra))
    scorer = compile_graph(graph, registry(), saved.__getitem__)
    assert scorer.fast, scorer.reason
    saved.clear()
    answer = scorer.score_rows({"input1": [[30, "nurse", 40.0, "x"], [40, "clerk", 40.0, "x"], [50, None, 40.0, "x"]]})
    pay = answer["output1"].schema.index("pay")
    assert [(row[1], row[pay]) for row in answer["output1"].rows] == [("nurse", 30)]


def test_split_data_passes_its_first_input() -> None:
    scorer = compiled(predictive(LEARNERS[0], Node("split", "split-data")))
    assert scorer.fast
    assert len(scorer.score_rows({"input1": [[30, "nurse", 40.0, "x"]] * 9})["output1"].rows) == 9


def test_training_has_no_place() -> None:
    learner = Node("learner", LEARNERS[0])
    train = Node("train", "train-model")
    graph = predictive(LEARNERS[0])
    edges = [e for e in graph.edges if e.source != "model"]
    edges += [edge(learner, train), edge(SELECTING, train, 1), edge(train, SCORING)]
    with pytest.raises(RestudioError, match=r"'Train Model' .* has no place in a predictive service"):
        compiled(graph.replacing(nodes=(*graph.nodes, learner, train), edges=tuple(edges)))


def test_an_input_without_data_beside_it() -> None:
    graph = predictive(LEARNERS[0])
    with pytest.raises(RestudioError, match="'input1' has no schema"):
        compiled(graph.replacing(edges=tuple(e for e in graph.edges if e.source != "data")))


def test_errors_of_modules_name_their_node() -> None:
    wrong = Node(
        "select", SELECTING.module, {"Select columns": {"rules": [{"ruleType": "ColumnNames", "columns": ["agee"]}]}}
    )
    graph = predictive(LEARNERS[0])
    nodes = tuple(wrong if n.id == "select" else n for n in graph.nodes)
    with pytest.raises(ModuleError) as caught:
        compiled(graph.replacing(nodes=nodes))
    assert caught.value.node == "select"


def test_contexts_are_opened_for_every_module() -> None:
    opened: list[int] = []

    @contextmanager
    def contexts() -> Iterator[Any]:
        opened.append(1)
        with tempfile.TemporaryDirectory() as folder:
            yield Plain(Path(folder))

    given: Contexts = contexts
    load: Callable[[str], Saved] = assets().__getitem__
    scorer = compile_graph(predictive(LEARNERS[0], Node("shout", "shout")), registry(), load, given)
    before = len(opened)
    scorer.score_rows({"input1": [[30, "nurse", 40.0, "x"]]})
    assert len(opened) == before + 3


def side_by_side(*, cleaned: bool) -> Graph:
    """Two branches of one input, put side by side; where ``cleaned``, one of them drops rows."""
    other = Node("other", "select-columns-in-dataset", {"Select columns": "spare"})
    both = Node("both", "add-columns")
    whole = "Remove entire row" if cleaned else "Custom substitution value"
    clean = Node("clean", "clean-missing-data", {"Cleaning mode": whole, "Columns to be cleaned": "spare"})
    clean_edges = [edge(other, clean), Edge("clean", "Cleaned dataset", "both", "Right dataset")]
    edges = [edge(DATA, SELECTING), edge(INPUT, SELECTING), edge(DATA, other), edge(INPUT, other)]
    edges += [edge(SELECTING, both), *clean_edges, edge(both, OUTPUT)]
    return Graph((DATA, INPUT, SELECTING, other, clean, both, OUTPUT), tuple(edges))


@given(lines=LINES)
@settings(max_examples=20, deadline=None)
def test_columns_of_one_input_are_put_side_by_side_row_by_row(lines: list[tuple[Cell, ...]]) -> None:
    graph = side_by_side(cleaned=False)
    scorer = compiled(graph)
    assert (scorer.fast, scorer.outputs["output1"].names) == (True, ("age", "job", "hours", "spare"))
    found = list(scorer.score_rows({"input1": [list(row) for row in lines]})["output1"].rows)
    expected = [(age, job, hours, "0" if spare is None else spare) for age, job, hours, spare in lines]
    assert repr(found) == repr(expected)


def test_branches_that_keep_different_rows_are_run_as_tables() -> None:
    scorer = compiled(side_by_side(cleaned=True))
    assert not scorer.fast
    assert scorer.reason == "the rows of both sides are not the same rows of one input"
    rows = scorer.score_rows({"input1": [[1, "a", 1.0, None], [2, "b", 2.0, "x"]]})["output1"].rows
    assert list(rows) == [(1, "a", 1.0, "x"), (2, "b", 2.0, None)]
