"""Convert to TSV, ARFF and SVMLight."""

from __future__ import annotations

from tests.unit.modules.catalog import run

from restudio.core.schema import Column, DType, Role, Schema, Score
from restudio.core.spec import Entry
from restudio.modules.text_conversions import convert_to_arff, convert_to_svmlight, convert_to_tsv
from restudio.tables.table import Table

SCHEMA = Schema.of(
    [
        Column("n", DType.INTEGER),
        Column("s", DType.STRING, ("a", "b")),
        Column("p", DType.DOUBLE, score=Score.PROBABILITY),
        Column("y", DType.INTEGER, role=Role.LABEL),
    ]
)
TABLE = Table.from_columns({"n": [1, None], "s": ["a", "b"], "p": [0.5, 0.25], "y": [0, 1]}, SCHEMA)


def converted(entry: Entry) -> Table:
    result = run(entry, TABLE)
    assert isinstance(result, Table)
    return result


def test_text_formats_know_no_roles() -> None:
    tsv, arff = converted(convert_to_tsv), converted(convert_to_arff)
    assert tsv.data.equals(TABLE.data)
    assert arff.data.equals(TABLE.data)
    assert all(c.is_feature for c in (*tsv.schema, *arff.schema))
    assert tsv.schema["s"].categories is None
    assert arff.schema["s"].categories == ("a", "b")


def test_svmlight_holds_the_label_and_numbers() -> None:
    result = converted(convert_to_svmlight)
    assert result.data.to_pydict() == {"y": [0.0, 1.0], "n": [1.0, None], "p": [0.5, 0.25]}
    assert result.schema["y"] == Column("y", DType.DOUBLE, role=Role.LABEL)
