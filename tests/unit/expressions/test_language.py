"""Every case of ``cases/*.yaml``: an input with its result, or with the words of its error.

Results are compared type by type (1 is not 1.0). ``error`` is a part of the message; ``error: any`` asks for an error
only. ``scope`` sets what the surroundings of ``conftest.py`` do not have: ``{item: 5}``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from restudio.expressions.equality import identity
from restudio.expressions.errors import ExpressionError
from restudio.expressions.scope import Scope
from restudio.expressions.template import compile_template

FILES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['input']}"[:100])
    for file in FILES
    for case in yaml.safe_load(file.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any], scope: Scope) -> None:
    surroundings = replace(scope, **case.get("scope", {}))
    if "error" in case:
        with pytest.raises(ExpressionError) as caught:
            compile_template(case["input"]).evaluate(surroundings)
        assert case["error"] == "any" or case["error"] in caught.value.message
    else:
        found = compile_template(case["input"]).evaluate(surroundings)
        assert identity(found) == identity(case["result"]), (found, case["result"])
