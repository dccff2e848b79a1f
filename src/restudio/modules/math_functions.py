"""The functions of Apply Math Operation by category and documented name (modules reference, 44).

A function takes an array of doubles, and a second one where it is in the second half of a table. A value outside the
domain gives NaN, a division by zero an infinite number. ``SecDegrees`` and ``Sech`` are written ``aSecDegrees`` and
``aSech`` in the original's list, where they cannot be told from the inverse functions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from restudio.modules.elementwise import ArrayFunction

Functions = Mapping[str, ArrayFunction]
_EULER = 0.5772156649015329


def _special(name: str) -> ArrayFunction:
    """A function of ``scipy.special``, which is imported when one is first called: that takes as long as half the
    catalog, and a server only lists the functions."""

    def call(*arrays: np.ndarray) -> np.ndarray:
        from scipy import special

        result: np.ndarray = getattr(special, name)(*arrays)
        return result

    return call


def _swapped(name: str) -> ArrayFunction:
    """The same with its two arguments exchanged."""
    function = _special(name)
    return lambda x, y: function(y, x)


def _as_numbers(compare: ArrayFunction) -> ArrayFunction:
    return lambda x, y: compare(x, y).astype(np.float64)


def _degrees(function: ArrayFunction) -> ArrayFunction:
    """A function of an angle, taking degrees."""
    return lambda x: function(np.deg2rad(x))


def _in_degrees(function: ArrayFunction) -> ArrayFunction:
    """A function that gives an angle, giving degrees."""
    return lambda x: np.rad2deg(function(x))


def _of_reciprocal(function: ArrayFunction) -> ArrayFunction:
    return lambda x: function(1.0 / x)


def _reciprocal(function: ArrayFunction) -> ArrayFunction:
    return lambda x: 1.0 / function(x)


def _whole(x: np.ndarray) -> np.ndarray:
    """True for 0, 1, 2, …"""
    whole: np.ndarray = (x >= 0) & (np.floor(x) == x)
    return whole


_gamma = _special("gamma")
_expi = _special("expi")
_psi = _special("psi")
_zeta = _special("zeta")


def _factorial(x: np.ndarray) -> np.ndarray:
    return np.where(_whole(x), _gamma(x + 1.0), np.nan)


def _double_factorial(x: np.ndarray) -> np.ndarray:
    """``x (x - 2) (x - 4) …`` by the gamma function, which knows only the odd half."""
    half = np.floor(x / 2.0)
    even = np.exp2(half) * _gamma(half + 1.0)
    odd = np.exp2(half + 1.0) / np.sqrt(np.pi) * _gamma(half + 1.5)
    return np.where(_whole(x), np.rint(np.where(x % 2.0 == 0.0, even, odd)), np.nan)


def _nth_root(x: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The real root: odd roots of negative numbers are negative."""
    root = np.power(np.abs(x), 1.0 / n)
    return np.where(x >= 0, root, np.where(np.fmod(n, 2.0) == 0.0, np.nan, np.where(np.floor(n) == n, -root, np.nan)))


def _ceiling_power2(x: np.ndarray) -> np.ndarray:
    """The smallest power of two that is not below the number, with its sign."""
    fraction, exponent = np.frexp(np.abs(x))
    power = np.ldexp(1.0, np.where(fraction == 0.5, exponent - 1, exponent))
    return np.where(x == 0.0, 0.0, np.copysign(np.where(np.isfinite(x), power, x), x))


def _multiple(rounding: ArrayFunction) -> ArrayFunction:
    """Rounded to a multiple of the precision."""
    return lambda x, precision: rounding(x / precision) * precision


def _digits(rounding: ArrayFunction) -> ArrayFunction:
    """The size of a number rounded to so many digits behind the point; the sign stays."""

    def rounded(x: np.ndarray, digits: np.ndarray) -> np.ndarray:
        scale = np.power(10.0, np.rint(digits))
        result: np.ndarray = np.copysign(rounding(np.abs(x) * scale) / scale, x)
        return result

    return rounded


def _exponential_integral(x: np.ndarray) -> np.ndarray:
    """``Ein(x)``, the entire exponential integral; a series where the closed form cancels."""
    series = x * (1.0 - x / 4.0 * (1.0 - x * 2.0 / 9.0 * (1.0 - x * 3.0 / 16.0)))
    closed = _EULER + np.log(np.abs(x)) - _expi(-x)
    return np.where(np.abs(x) < 1e-3, series, np.where(np.isinf(x), x, closed))


def _polygamma(x: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Derivative ``order`` of the digamma function."""
    sign = np.where(np.fmod(order, 2.0) == 0.0, -1.0, 1.0)
    derivative = sign * _gamma(order + 1.0) * _zeta(order + 1.0, x)
    return np.where(order == 0.0, _psi(x), np.where(_whole(order), derivative, np.nan))


BASIC: Functions = {
    "Abs": np.abs,
    "Conj": lambda x: x,
    "CubeRoot": np.cbrt,
    "DoubleFactorial": _double_factorial,
    "Eps": lambda x: np.spacing(np.abs(x)),
    "Exp": np.exp,
    "ExpMinus1": np.expm1,
    "Factorial": _factorial,
    "ImaginaryPart": np.zeros_like,
    "Ln": np.log,
    "LnPlus1": np.log1p,
    "Log10": np.log10,
    "Log2": np.log2,
    "RealPart": lambda x: x,
    "Sqrt": np.sqrt,
    "SqrtPi": lambda x: np.sqrt(x * np.pi),
    "Square": np.square,
}
BASIC_OF_TWO: Functions = {
    "Atan2": np.arctan2,
    "Exp2": lambda x, factor: factor * np.exp2(x),
    "Hypotenuse": np.hypot,
    "Log": lambda x, base: np.log(x) / np.log(base),
    "NthRoot": _nth_root,
    "Pow": np.power,
}
COMPARE: Functions = {
    "EqualTo": _as_numbers(np.equal),
    "GreaterThan": _as_numbers(np.greater),
    "GreaterThanOrEqualTo": _as_numbers(np.greater_equal),
    "LessThan": _as_numbers(np.less),
    "LessThanOrEqualTo": _as_numbers(np.less_equal),
    "NotEqualTo": _as_numbers(np.not_equal),
    "PairMax": np.maximum,
    "PairMin": np.minimum,
}
OPERATIONS: Functions = {
    "Add": np.add,
    "Divide": np.divide,
    "Multiply": np.multiply,
    "Subtract": np.subtract,
}
ROUNDING: Functions = {
    "Ceiling": _multiple(np.ceil),
    "CeilingPower2": lambda x, _precision: _ceiling_power2(x),
    "Floor": _multiple(np.floor),
    "Mod": np.mod,
    "Quotient": lambda x, divisor: np.trunc(x / divisor),
    "Remainder": np.fmod,
    "RoundDigits": _digits(lambda x: np.floor(x + 0.5)),
    "RoundDown": _digits(np.floor),
    "RoundUp": _digits(np.ceil),
    "ToEven": lambda x, _precision: 2.0 * np.rint(x / 2.0),
    "ToOdd": lambda x, _precision: 2.0 * np.rint((x - 1.0) / 2.0) + 1.0,
    "Truncate": _digits(np.trunc),
}
SPECIAL: Functions = {
    "EllipticIntegralE": _special("ellipe"),
    "EllipticIntegralK": _special("ellipk"),
    "Erf": _special("erf"),
    "Erfc": _special("erfc"),
    "ErfScaled": _special("erfcx"),
    "ErfInverse": _special("erfinv"),
    "ExponentialIntegralEin": _exponential_integral,
    "Gamma": _special("gamma"),
    "GammaLn": _special("gammaln"),
}
SPECIAL_OF_TWO: Functions = {
    "Beta": _special("beta"),
    "GammaRegularizedP": _swapped("gammainc"),
    "GammaRegularizedPInverse": _swapped("gammaincinv"),
    "GammaRegularizedQ": _swapped("gammaincc"),
    "GammaRegularizedQInverse": _swapped("gammainccinv"),
    "PolyGamma": _polygamma,
}


def _acot(x: np.ndarray) -> np.ndarray:
    return np.arctan(1.0 / x)


def _sinc(x: np.ndarray) -> np.ndarray:
    return np.where(x == 0.0, 1.0, np.sin(x) / x)


TRIGONOMETRIC: Functions = {
    "Acos": np.arccos,
    "AcosDegree": _in_degrees(np.arccos),
    "Acosh": np.arccosh,
    "Acot": _acot,
    "AcotDegrees": _in_degrees(_acot),
    "Acoth": _of_reciprocal(np.arctanh),
    "Acsc": _of_reciprocal(np.arcsin),
    "AcscDegrees": _in_degrees(_of_reciprocal(np.arcsin)),
    "Asec": _of_reciprocal(np.arccos),
    "AsecDegrees": _in_degrees(_of_reciprocal(np.arccos)),
    "Asech": _of_reciprocal(np.arccosh),
    "Asin": np.arcsin,
    "AsinDegrees": _in_degrees(np.arcsin),
    "Asinh": np.arcsinh,
    "Atan": np.arctan,
    "AtanDegrees": _in_degrees(np.arctan),
    "Atanh": np.arctanh,
    "Cos": np.cos,
    "CosDegrees": _degrees(np.cos),
    "Cosh": np.cosh,
    "Cot": _reciprocal(np.tan),
    "CotDegrees": _degrees(_reciprocal(np.tan)),
    "Coth": _reciprocal(np.tanh),
    "Csc": _reciprocal(np.sin),
    "CscDegrees": _degrees(_reciprocal(np.sin)),
    "Csch": _reciprocal(np.sinh),
    "DegreesToRadians": np.deg2rad,
    "Sec": _reciprocal(np.cos),
    "SecDegrees": _degrees(_reciprocal(np.cos)),
    "Sech": _reciprocal(np.cosh),
    "Sign": np.sign,
    "Sin": np.sin,
    "Sinc": _sinc,
    "SinDegrees": _degrees(np.sin),
    "Sinh": np.sinh,
    "Tan": np.tan,
    "TanDegrees": _degrees(np.tan),
    "Tanh": np.tanh,
}
