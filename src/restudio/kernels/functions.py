"""Functions of one number. Rows and chunks call the very same C functions, so that both agree to the last bit.

NumPy's vectorised ``exp`` differs from the C library's in the last bit; a chunk therefore maps the scalar function
over its cells (about 0.1 µs a cell).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

Scalar = Callable[[float], float]

_exp = math.exp


def logistic(x: float) -> float:
    """``1 / (1 + e^-x)`` without overflow; NaN gives NaN."""
    if x >= 0.0:
        return 1.0 / (1.0 + _exp(-x))
    e = _exp(x)
    return e / (1.0 + e)


def exponential(x: float) -> float:
    """``e^x``; infinite where it overflows."""
    return _exp(x) if not x > 709.0 else math.inf


def scalar_function(name: str, parameters: tuple[float, ...] = ()) -> Scalar:
    """The function of that name: ``logistic``, ``tanh``, ``exp``, ``lognormal`` (mu, sigma). ``ValueError`` if none."""
    match name, parameters:
        case "logistic", ():
            return logistic
        case "tanh", ():
            return math.tanh
        case "exp", ():
            return exponential
        case "lognormal", (mu, sigma):
            return _lognormal(mu, sigma)
    raise ValueError(f"there is no function {name!r} with {len(parameters)} parameters")


def map_doubles(function: Scalar, values: np.ndarray) -> np.ndarray:
    """``function`` of every double of an array."""
    return np.fromiter(map(function, values.tolist()), np.float64, len(values))


def _lognormal(mu: float, sigma: float) -> Scalar:
    """Cumulative distribution of the log-normal; zero for numbers that are not positive."""
    scale = sigma * math.sqrt(2.0)
    if not scale > 0.0:
        raise ValueError(f"sigma must be positive, got {sigma!r}")

    def lognormal(x: float) -> float:
        if x <= 0.0:
            return 0.0
        return 0.5 * (1.0 + math.erf((math.log(x) - mu) / scale))

    return lognormal
