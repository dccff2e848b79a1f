"""A small service of every element type, bound from frames."""

from __future__ import annotations

from restudio.core.schema import Column, DType, Schema
from restudio.kernels.expr import Call, Fill, Frame, Predict
from restudio.kernels.linear import LevelTerm, LinearPredictor, NumberTerm
from restudio.kernels.scores import BinaryScores
from restudio.scoring.scorer import InputSpec, KernelScorer

SCHEMA = Schema.of(
    [
        Column("age", DType.INTEGER),
        Column("job", DType.STRING),
        Column("rate", DType.DOUBLE),
        Column("member", DType.BOOLEAN),
        Column("since", DType.DATETIME),
        Column("length", DType.TIMESPAN),
    ]
)
LABEL = "income"


def make_frame(port: str = "input1") -> Frame:
    """Fills ages, scores age and job, and returns everything beside label and probability."""
    frame = Frame.input(port, SCHEMA)
    columns = [(c, Fill(e, 40) if c.name == "age" else e) for c, e in frame.columns]
    exprs = {c.name: e for c, e in columns}
    terms: list[NumberTerm | LevelTerm] = [
        NumberTerm((2.0,), 17.0, 73.0),
        LevelTerm(("clerk", "nurse"), DType.STRING, ((0.5, -0.5),)),
    ]
    model = LinearPredictor(terms, [-1.0], BinaryScores(["<=50K", ">50K"], DType.STRING), "logistic")
    call = Call(model, (exprs["age"], exprs["job"]))
    label = Column("Scored Labels", DType.STRING)
    probability = Column("Scored Probabilities", DType.DOUBLE)
    return Frame((*columns, (label, Predict(call, 0)), (probability, Predict(call, 1))))


def make_scorer() -> KernelScorer:
    return KernelScorer({"input1": InputSpec(SCHEMA, frozenset({LABEL}))}, {"output1": make_frame()})


def make_row(**changes: object) -> dict[str, object]:
    """A good row as JSON values."""
    row: dict[str, object] = {
        "age": 53,
        "job": "nurse",
        "rate": 0.5,
        "member": True,
        "since": "2020-01-02T03:04:05",
        "length": "1.02:03:04",
    }
    return {**row, **changes}
