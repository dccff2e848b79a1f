from __future__ import annotations

from datetime import datetime

from restudio.experiments.results import preview
from restudio.tables.table import Table


def test_cells_of_a_preview_are_json() -> None:
    table = Table.from_columns(
        {
            "d": [float("nan"), float("inf"), None],
            "t": [datetime(2024, 1, 2, 3, 4, 5), None, None],
            "s": ["a", None, "c"],
        }
    )
    shown = preview(table, 2)
    assert shown.total_rows == 3
    assert [c["type"] for c in shown.columns] == ["Double", "DateTime", "String"]
    assert shown.rows[0][0] == "NaN"
    assert str(shown.rows[0][1]).startswith("2024-01-02")
    assert shown.rows[1] == ["Inf", None, None]
