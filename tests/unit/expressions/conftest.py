"""The surroundings that the cases are written for."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from restudio.expressions.scope import Scope


@pytest.fixture
def scope() -> Scope:
    parameters = {
        "n": 42,
        "f": 1.5,
        "t": 3.0,
        "b": True,
        "z": None,
        "arr": [1, 2, 3],
        "obj": {"a": 1, "B": {"c d": "x"}},
        "s": "foo",
        "lower": {"x": 1, "X": 2},
    }
    return Scope(
        now=lambda: datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC),
        random=random.Random(7),
        pipeline={
            "Pipeline": "p",
            "RunId": "0ab1",
            "TriggerTime": "2024-05-06T07:08:09.1234567Z",
            "parameters": parameters,
            "globalParameters": {"region": "west"},
        },
        activities={"Look Up": {"output": {"firstRow": {"id": 7}, "value": [1, 2]}, "status": "Succeeded"}},
        variables={"v": "now", "list": [1, "a"]},
    )
