from __future__ import annotations

import pytest

from restudio.designer.stores.matching import choose, prefix_of
from restudio.designer.stores.types import Found
from restudio.graph.data_path import DataPath

FILES = [
    "a.csv", "a.csv.bak", "churn/2031-w30/part1.csv", "churn/2031-w31/part1.csv", "churn/2031-w31/part2.csv",
    "churn/2031-w31/deep/part3.csv", "churn/2031-w31/_SUCCESS", "churn/2031-w31/.tmp/x.csv", "churn/2031-w310/x.csv",
    "odd[1].csv",
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.csv", ["a.csv"]),
        ("churn/2031-w31", ["churn/2031-w31/part1.csv", "churn/2031-w31/part2.csv", "churn/2031-w31/deep/part3.csv"]),
        ("churn/2031-w31/*.csv", ["churn/2031-w31/part1.csv", "churn/2031-w31/part2.csv"]),
        ("churn/2031-w3?/part1.csv", ["churn/2031-w30/part1.csv", "churn/2031-w31/part1.csv"]),
        ("churn/**/part*.csv", [f for f in FILES if "part" in f]),
        ("churn/2031-w3[02-9]/*", ["churn/2031-w30/part1.csv"]),
        ("churn/2031-w3[!0]/part1.csv", ["churn/2031-w31/part1.csv"]),
        ("churn/2031-w31/_SUCCESS", ["churn/2031-w31/_SUCCESS"]),
        ("nowhere", []),
        ("churn/2031-w3", []),
        ("*.xml", []),
    ],
)
def test_what_a_path_means(path: str, expected: list[str]) -> None:
    wanted = DataPath("lake", path)
    listed = [Found(name, 1, "m") for name in FILES if name.startswith(prefix_of(wanted))]
    assert [found.path for found in choose(wanted, listed)] == expected


def test_the_whole_store() -> None:
    found = choose(DataPath("lake", ""), [Found(name, 1, "m") for name in FILES])
    assert "churn/2031-w31/_SUCCESS" not in {f.path for f in found}
