"""Gates alone: what they say of a candidate, and how they are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.endpoints.world import model

from restudio.artifacts.values import Model
from restudio.core.errors import Kind, RestudioError
from restudio.core.schema import Column, DType, Schema, Score
from restudio.endpoints.description import TablePort
from restudio.endpoints.gate import Candidate, Verdict, collect_gates, ensure_passed, gate, judge
from restudio.endpoints.gates.metric import not_worse_than_live
from restudio.endpoints.gates.sample_rows import scores_sample_rows
from restudio.endpoints.gates.schema import same_schema
from restudio.endpoints.samples import typed_rows
from restudio.endpoints.types import EndpointSettings, MetricRule, ServiceVersion
from restudio.graph.model import Graph
from restudio.scoring.scorer import Rows, Scorer

ANSWER = Schema.of([Column("age", DType.DOUBLE), Column("Scored Probabilities", DType.DOUBLE, score=Score.PROBABILITY)])


class Answering:
    """A scorer that gives these rows, or raises."""

    inputs: Mapping[str, Any] = {}
    outputs: Mapping[str, Schema] = {"output1": ANSWER}
    fast = True
    reason = None

    def __init__(self, *rows: tuple[float | None, float | None]) -> None:
        self._rows = rows

    def score_rows(self, inputs: Mapping[str, list[list[object]]]) -> Mapping[str, Rows]:
        return {"output1": Rows(ANSWER, list(self._rows))}

    def score_table(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        raise AssertionError("gates score rows")


def version(*sample: tuple[float, ...]) -> ServiceVersion:
    port = TablePort("input1", Schema.of([Column("age", DType.DOUBLE)]), tuple(sample))
    return ServiceVersion("s", 1, "production", "predictive", Graph(), (port,), (), (), (), {}, {}, None, 0.0, "Pat")


def candidate(scorer: Any = None, **changes: Any) -> Candidate:
    made = Candidate(version((1,)), EndpointSettings(), "r", model(), model(), lambda: scorer)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("cell", "passed"), [(0.5, True), (None, True), (float("nan"), False), (float("inf"), False), (-1e308, True)]
)
def test_scores_must_be_finite(cell: float | None, passed: bool) -> None:
    verdict = scores_sample_rows.judge(candidate(Answering((1.0, 0.2), (float("nan"), cell))))
    assert verdict.passed is passed
    assert passed or "row 2" in verdict.message


def test_no_samples_is_nothing_to_judge() -> None:
    assert scores_sample_rows.judge(candidate(Answering(), version=version())).passed is None


def test_samples_become_typed_cells() -> None:
    schema = Schema.of([Column("n", DType.DOUBLE), Column("at", DType.DATETIME), Column("span", DType.TIMESPAN)])
    [row] = typed_rows(TablePort("input1", schema, ((1, "2026-01-02T03:04:05", "1.00:00:05"),)))
    assert [type(cell).__name__ for cell in row] == ["float", "datetime", "timedelta"]


@pytest.mark.parametrize(
    ("rule", "live", "new", "passed"),
    [
        (None, {"AUC": 0.9}, {"AUC": 0.1}, None),
        (MetricRule("AUC"), {"AUC": 0.9}, {"AUC": 0.9}, True),
        (MetricRule("auc"), {"AUC": 0.9}, {"AUC": 0.89}, False),
        (MetricRule("AUC", 0.02), {"AUC": 0.9}, {"AUC": 0.89}, True),
        (MetricRule("AUC"), {}, {"AUC": 0.89}, None),
        (MetricRule("AUC"), {"AUC": 0.9}, {}, False),
        (MetricRule("AUC"), {}, {}, False),
        (MetricRule("AUC"), {}, {"AUC": float("inf")}, False),
        (MetricRule("AUC"), {"AUC": 0.9}, {"AUC": float("inf")}, False),
        (MetricRule("Loss"), {"Loss": 0.9}, {"Loss": float("-inf")}, False),
        (MetricRule("AUC"), {"AUC": float("nan")}, {"AUC": 0.5}, None),
        (MetricRule("AUC"), {"AUC": float("inf")}, {"AUC": 0.5}, None),
        (MetricRule("AUC"), {"AUC": 0.9}, {"AUC": float("nan")}, False),
        (MetricRule("Mean Absolute Error"), {"Mean Absolute Error": 2.0}, {"Mean Absolute Error": 1.0}, True),
        (MetricRule("Mean Absolute Error"), {"Mean Absolute Error": 2.0}, {"Mean Absolute Error": 2.5}, False),
    ],
)
def test_metrics(rule: MetricRule | None, live: dict[str, float], new: dict[str, float], passed: bool | None) -> None:
    models: dict[str, Model] = {
        "live": replace(model(), metrics=live),
        "new": replace(model(), metrics=new),
    }
    verdict = not_worse_than_live.judge(candidate(settings=EndpointSettings(metric_rule=rule), **models))
    assert verdict.passed is passed
    assert rule is None or rule.metric in verdict.message


def test_a_model_of_another_label_is_another_schema() -> None:
    label = model().label
    assert label is not None
    other = replace(model(), label=replace(label, name="other"))
    verdict = same_schema.judge(candidate(new=other))
    assert verdict.passed is False
    assert "it predicts column 'other'" in verdict.message


def test_columns_may_come_with_the_model() -> None:
    other = replace(model(), features=(Column("text.[new]", DType.DOUBLE),))
    assert same_schema.judge(candidate(new=other)).passed is False
    brought = candidate(Answering(), new=other, transforms=("words:Result vocabulary",))
    assert same_schema.judge(brought).passed is True

    def unbound() -> Scorer:
        raise RestudioError(Kind.CONFLICT, "ModelOutputMetadataMismatch", "The service lacks 'text.[new]'.")

    with pytest.raises(RestudioError, match="lacks"):
        same_schema.judge(replace(brought, scorer=unbound))


def test_all_gates_are_found_in_order() -> None:
    gates = collect_gates()
    assert [g.id for g in gates] == ["schema", "scores-sample-rows", "not-worse-than-live"]
    assert all(g.help for g in gates)


def test_the_first_refusal_ends_the_report() -> None:
    @gate(id="no", name="No", order=1)
    def no(_: Candidate) -> Verdict:
        """Refuses."""
        return Verdict(False, "Because.")

    @gate(id="never", name="Never", order=2)
    def never(_: Candidate) -> Verdict:
        """Must not be asked."""
        raise AssertionError

    report = judge(candidate(), [no, never])
    assert [(r.gate, r.passed) for r in report] == [("no", False)]
    with pytest.raises(RestudioError, match="Because") as error:
        ensure_passed("r", report, [no, never])
    assert error.value.detail == "GateNotPassed"
