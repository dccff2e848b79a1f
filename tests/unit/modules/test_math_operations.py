"""Apply Math Operation and its functions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special
from tests.unit.modules.applying import assert_rows_agree
from tests.unit.modules.catalog import CTX, run

from restudio.core.errors import ModuleError
from restudio.core.params import parse_params
from restudio.core.schema import Column, DType, Role, Schema
from restudio.kernels.expr import Frame
from restudio.modules import math_functions
from restudio.modules.math_operations import MathOperationParams, apply_math_operation
from restudio.tables.table import Table

PARAMETERS = {
    "Basic": "Basic math function",
    "Compare": "Comparison function",
    "Operations": "Operation",
    "Rounding": "Rounding function",
    "Special": "Special function",
    "Trigonometric": "Trigonometric function",
}
TABLES = {
    "Basic": {**math_functions.BASIC, **math_functions.BASIC_OF_TWO},
    "Compare": math_functions.COMPARE,
    "Operations": math_functions.OPERATIONS,
    "Rounding": math_functions.ROUNDING,
    "Special": {**math_functions.SPECIAL, **math_functions.SPECIAL_OF_TWO},
    "Trigonometric": math_functions.TRIGONOMETRIC,
}
ALL = [(category, name) for category, table in TABLES.items() for name in table]
SCHEMA = Schema.of([Column("x", DType.DOUBLE), Column("n", DType.INTEGER), Column("s", DType.STRING)])
TABLE = Table.from_columns({"x": [1.5, -2.0, None], "n": [3, None, -4], "s": ["a", "b", "c"]}, SCHEMA)


def calculate(table: Table, category: str, name: str, **raw: object) -> Table:
    """The table function; its description for single rows must agree to the last bit."""
    chosen = {"Category": category, PARAMETERS[category]: name, **{k.replace("_", " "): v for k, v in raw.items()}}
    result = run(apply_math_operation, table, **chosen)
    assert isinstance(result, Table)
    assert apply_math_operation.lower is not None
    params = parse_params(MathOperationParams, chosen)
    lowered = apply_math_operation.lower(params, Frame.input("in", table.schema), entry=CTX.entry)
    assert_rows_agree(lowered, table, result)
    return result


def value(category: str, name: str, x: float, second: float = 1.0) -> float:
    table = Table.from_columns({"x": [x]})
    result = calculate(table, category, name, Constant_second_argument=second, Output_mode="Inplace")
    found = result.column("x")[0].as_py()
    assert isinstance(found, float)
    return found


@pytest.mark.parametrize(("category", "name"), ALL)
@given(xs=st.lists(st.floats() | st.floats(-20, 20) | st.integers(-5, 20).map(float), min_size=1, max_size=20))
@settings(max_examples=12, deadline=None)
def test_single_rows_agree_with_long_columns(category: str, name: str, xs: list[float]) -> None:
    table = Table.from_columns({"x": [*xs, None], "y": [None, *reversed(xs)]})
    calculate(table, category, name, Constant_second_argument=2.5)
    calculate(table, category, name, Second_argument_type="ColumnSet", Second_argument="y", Output_mode="ResultOnly")


REFERENCES: list[tuple[str, str, float, float, float]] = [
    ("Basic", "Atan2", 1.0, -2.0, math.atan2(1, -2)),
    ("Basic", "CubeRoot", -27.0, 0, -3.0),
    ("Basic", "DoubleFactorial", 7.0, 0, 105.0),
    ("Basic", "DoubleFactorial", 8.0, 0, 384.0),
    ("Basic", "DoubleFactorial", 0.0, 0, 1.0),
    ("Basic", "Eps", 1.0, 0, 2.0**-52),
    ("Basic", "Exp2", 3.0, 5.0, 40.0),
    ("Basic", "Factorial", 6.0, 0, 720.0),
    ("Basic", "Hypotenuse", 3.0, 4.0, 5.0),
    ("Basic", "ImaginaryPart", 3.0, 0, 0.0),
    ("Basic", "Log", 8.0, 2.0, 3.0),
    ("Basic", "NthRoot", -32.0, 5.0, -2.0),
    ("Basic", "NthRoot", 16.0, 4.0, 2.0),
    ("Basic", "Pow", 3.0, 4.0, 81.0),
    ("Basic", "SqrtPi", 2.0, 0, math.sqrt(2 * math.pi)),
    ("Compare", "EqualTo", 2.0, 2.0, 1.0),
    ("Compare", "GreaterThan", 2.0, 2.0, 0.0),
    ("Compare", "PairMax", 2.0, 7.0, 7.0),
    ("Operations", "Subtract", 2.0, 7.0, -5.0),
    ("Operations", "Divide", 2.0, 8.0, 0.25),
    ("Operations", "Divide", -2.0, 0.0, -math.inf),
    ("Rounding", "Ceiling", 4.1, 0.5, 4.5),
    ("Rounding", "Floor", -4.1, 0.5, -4.5),
    ("Rounding", "CeilingPower2", 5.0, 1, 8.0),
    ("Rounding", "CeilingPower2", 8.0, 1, 8.0),
    ("Rounding", "CeilingPower2", -0.3, 1, -0.5),
    ("Rounding", "Mod", -7.0, 3.0, 2.0),
    ("Rounding", "Remainder", -7.0, 3.0, -1.0),
    ("Rounding", "Quotient", -7.0, 3.0, -2.0),
    ("Rounding", "RoundDigits", 2.345, 2.0, 2.35),
    ("Rounding", "RoundDigits", -2.5, 0.0, -3.0),
    ("Rounding", "RoundDown", -2.39, 1.0, -2.3),
    ("Rounding", "RoundUp", -2.31, 1.0, -2.4),
    ("Rounding", "Truncate", 129.0, -1.0, 120.0),
    ("Rounding", "ToEven", 4.9, 1, 4.0),
    ("Rounding", "ToOdd", 4.1, 1, 5.0),
    ("Special", "Beta", 2.0, 3.0, 1 / 12),
    ("Special", "ErfInverse", math.erf(0.7), 0, 0.7),
    ("Special", "GammaLn", 10.0, 0, math.lgamma(10)),
    ("Special", "GammaRegularizedP", 1.5, 1.0, 1 - math.exp(-1.5)),
    ("Special", "GammaRegularizedPInverse", 1 - math.exp(-1.5), 1.0, 1.5),
    ("Special", "GammaRegularizedQ", 1.5, 1.0, math.exp(-1.5)),
    ("Special", "GammaRegularizedQInverse", math.exp(-1.5), 1.0, 1.5),
    ("Special", "PolyGamma", 2.5, 0.0, float(special.psi(2.5))),
    ("Special", "PolyGamma", 2.5, 3.0, float(special.polygamma(3, 2.5))),
    ("Trigonometric", "Acot", 2.0, 0, math.atan(0.5)),
    ("Trigonometric", "AcosDegree", 0.5, 0, 60.0),
    ("Trigonometric", "Acsc", 2.0, 0, math.asin(0.5)),
    ("Trigonometric", "SecDegrees", 60.0, 0, 2.0),
    ("Trigonometric", "Sech", 1.0, 0, 1 / math.cosh(1)),
    ("Trigonometric", "CotDegrees", 45.0, 0, 1.0),
    ("Trigonometric", "Sinc", 2.0, 0, math.sin(2) / 2),
    ("Trigonometric", "Sinc", 0.0, 0, 1.0),
    ("Trigonometric", "Sign", -3.0, 0, -1.0),
]


@pytest.mark.parametrize(("category", "name", "x", "second", "expected"), REFERENCES)
def test_values(category: str, name: str, x: float, second: float, expected: float) -> None:
    assert value(category, name, x, second) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("x", [-3.0, -1e-4, 1e-4, 0.9, 5.0])
def test_the_exponential_integral_is_the_integral(x: float) -> None:
    expected, _ = integrate.quad(lambda t: -math.expm1(-t) / t if t else 1.0, 0, x, epsabs=1e-14)
    assert value("Special", "ExponentialIntegralEin", x) == pytest.approx(expected, rel=1e-9)


def test_out_of_the_domain() -> None:
    cases = [
        ("Basic", "Ln", -1.0),
        ("Basic", "NthRoot", -4.0),
        ("Basic", "Factorial", 2.5),
        ("Trigonometric", "Acos", 2.0),
    ]
    for category, name, x in cases:
        assert math.isnan(value(category, name, x, 2.0))


@pytest.mark.parametrize(
    ("name", "function"), [("Sin", math.sin), ("Atan", math.atan), ("Cosh", math.cosh), ("Asinh", math.asinh)]
)
@given(x=st.floats(-50, 50))
@settings(max_examples=20, deadline=None)
def test_plain_functions_equal_those_of_python(name: str, function: Callable[[float], float], x: float) -> None:
    assert value("Trigonometric", name, x) == pytest.approx(function(x), rel=1e-13)


def test_names_and_output_modes() -> None:
    assert calculate(TABLE, "Basic", "Abs").names == ("x", "n", "s", "Abs(x)", "Abs(n)")
    only = calculate(TABLE, "Operations", "Multiply", Constant_second_argument=10, Output_mode="ResultOnly")
    assert only.data.to_pydict() == {"Multiple(x_$10)": [15.0, -20.0, None], "Multiple(n_$10)": [30.0, None, -40.0]}
    pair = calculate(
        TABLE,
        "Operations",
        "Subtract",
        Column_set="n",
        Second_argument_type="ColumnSet",
        Second_argument="x",
        Output_mode="ResultOnly",
    )
    assert pair.data.to_pydict() == {"Subtract(n_x)": [1.5, None, None]}
    same = calculate(TABLE, "Compare", "EqualTo", Second_argument_type="ColumnSet", Output_mode="ResultOnly")
    assert same.names == ("Equals(x_x)", "Equals(n_n)")
    inplace = calculate(TABLE, "Basic", "Square", Output_mode="Inplace")
    assert inplace.names == TABLE.names
    assert inplace.schema["n"].dtype is DType.DOUBLE


def test_roles_and_levels() -> None:
    schema = Schema.of([Column("k", DType.INTEGER, (-1, 1, 2)), Column("y", DType.DOUBLE, role=Role.LABEL)])
    table = Table.from_columns({"k": [1, -1, 2], "y": [1.0, 2.0, 3.0]}, schema)
    inplace = calculate(table, "Basic", "Abs", Column_set='["AllColumns"]', Output_mode="Inplace")
    assert inplace.schema["k"].categories == (1.0, 2.0)
    assert inplace.schema["y"].role is Role.LABEL
    assert calculate(table, "Basic", "Abs", Column_set="y").schema["Abs(y)"].role is Role.FEATURE


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ({"Column set": "s"}, "0017"),
        ({"Column set": "z"}, "0001"),
        ({"Column set": '[{"ColumnTypes":["Boolean"]}]'}, "0011"),
        ({"Category": "Trigonometric", "Trigonometric function": "Cis"}, "0039"),
        ({"Basic math function": "Sin"}, "0002"),
        (
            {
                "Category": "Operations",
                "Second argument type": "ColumnSet",
                "Second argument": '[{"ColumnNames":["x","n"]}]',
                "Column set": "x",
            },
            "0027",
        ),
    ],
)
def test_errors(raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        run(apply_math_operation, TABLE, **raw)
    assert caught.value.number == number


def test_a_large_chunk_agrees_with_its_rows() -> None:
    x = np.random.default_rng(5).normal(size=1000) * 100
    table = Table.from_columns({"x": x.tolist()})
    for name in ("Sin", "Tanh", "Atan"):
        calculate(table, "Trigonometric", name)
