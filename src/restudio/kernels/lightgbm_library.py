"""LightGBM's C library through ctypes, without its Python package (which imports SciPy and costs a second).

Only checked model texts come here (``tree_text``). A booster is immutable and freed with its Python object. Calls
release the interpreter lock and may run in several threads at once.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import sys
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from restudio.core.errors import Kind, RestudioError

_NORMAL = 0
_DOUBLE = 1
_ROW_MAJOR = 1
_PARAMETERS = b"num_threads=1 verbosity=-1"
"""One thread a call: callers run chunks side by side, and idle OpenMP threads would spin beside the server's."""
_NAMES = {"win32": "lib_lightgbm.dll", "darwin": "lib_lightgbm.dylib"}


class Booster:
    """A loaded model of ``features`` columns and ``width`` values a row."""

    def __init__(self, text: str, features: int, width: int) -> None:
        library = load_library()
        handle = ctypes.c_void_p()
        iterations = ctypes.c_int()
        _check(library.LGBM_BoosterLoadModelFromString(text.encode(), ctypes.byref(iterations), ctypes.byref(handle)))
        _free_with(self, library.LGBM_BoosterFree, handle)
        self._library = library
        self._handle = handle
        self._features = features
        self._width = width
        self._ensure_shape()

    def bind_row(self) -> Callable[[Sequence[float]], Sequence[float]]:
        """A function of one row of doubles, through the single-row call that prepares everything beforehand."""
        library, width = self._library, self._width
        fast = ctypes.c_void_p()
        _check(
            library.LGBM_BoosterPredictForMatSingleRowFastInit(
                self._handle, _NORMAL, 0, -1, _DOUBLE, self._features, _PARAMETERS, ctypes.byref(fast)
            )
        )
        predict = library.LGBM_BoosterPredictForMatSingleRowFast
        row_type, result_type = ctypes.c_double * self._features, ctypes.c_double * width
        count = ctypes.byref(ctypes.c_int64())

        def predict_row(values: Sequence[float]) -> Sequence[float]:
            result = result_type()
            if predict(fast, row_type(*values), count, result):
                _check(-1)
            return result  # type: ignore[return-value]  # an array of doubles is one

        # The fast configuration refers to the booster: both live as long as the function does.
        predict_row.booster = self  # type: ignore[attr-defined]  # keeps the booster alive
        _free_with(predict_row, library.LGBM_FastConfigFree, fast)
        return predict_row

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Values of every row, ``rows x width``, of a C-contiguous matrix of doubles."""
        rows = len(matrix)
        result = np.empty((rows, self._width))
        if not rows:
            return result
        if matrix.dtype != np.float64 or matrix.shape[1] != self._features or not matrix.flags.c_contiguous:
            raise ValueError(f"a contiguous matrix of doubles with {self._features} columns is needed")
        count = ctypes.c_int64()
        _check(
            self._library.LGBM_BoosterPredictForMat(
                self._handle,
                matrix.ctypes.data_as(ctypes.c_void_p),
                _DOUBLE,
                rows,
                self._features,
                _ROW_MAJOR,
                _NORMAL,
                0,
                -1,
                _PARAMETERS,
                ctypes.byref(count),
                result.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
            )
        )
        return result

    def _ensure_shape(self) -> None:
        """What the library read must be what was checked: it writes ``width`` doubles a row into our memory."""
        features, width = ctypes.c_int(), ctypes.c_int()
        _check(self._library.LGBM_BoosterGetNumFeature(self._handle, ctypes.byref(features)))
        _check(self._library.LGBM_BoosterGetNumClasses(self._handle, ctypes.byref(width)))
        if (features.value, width.value) != (self._features, self._width):
            raise RestudioError(
                Kind.BAD_ARGUMENT,
                "InvalidBlob",
                f"The tree model reads {features.value} features and gives {width.value} values,"
                f" expected {self._features} and {self._width}.",
            )


def _free_with(owner: object, free: Callable[[ctypes.c_void_p], int], handle: ctypes.c_void_p) -> None:
    """Free a handle when its owner is collected. Not at exit: threads may still predict then."""
    weakref.finalize(owner, free, handle).atexit = False


@functools.cache
def load_library() -> ctypes.CDLL:
    """The shared library of the installed ``lightgbm`` distribution."""
    library = ctypes.CDLL(str(find_library()))
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    library.LGBM_BoosterPredictForMatSingleRowFast.argtypes = [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    return library


def find_library() -> Path:
    """Where the shared library is; ``RestudioError`` when the distribution is not installed."""
    spec = importlib.util.find_spec("lightgbm")
    name = _NAMES.get(sys.platform, "lib_lightgbm.so")
    if spec is not None and spec.origin is not None:
        for folder in ("lib", "bin", "."):
            path = Path(spec.origin).parent / folder / name
            if path.is_file():
                return path
    raise RestudioError(
        Kind.INTERNAL, "ModuleLoadFailed", f"Tree models need LightGBM, but its library {name} was not found."
    )


def _check(status: int) -> None:
    if status:
        message = load_library().LGBM_GetLastError()
        raise RestudioError(
            Kind.BAD_ARGUMENT, "InvalidBlob", f"The tree model cannot be used: {message.decode(errors='replace')}"
        )
