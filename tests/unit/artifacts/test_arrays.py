from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.artifacts.arrays import array_bytes, array_from_bytes


@pytest.mark.parametrize(
    "array",
    [
        np.array(3.5),
        np.zeros((0, 4)),
        np.arange(6, dtype=np.int32).reshape(2, 3),
        np.array([[1.0, np.nan], [np.inf, -0.0]], order="F"),
        np.array([True, False]),
        np.array([1, 2], dtype=">i8"),
        np.array([0, 255], dtype=np.uint8),
    ],
)
def test_arrays_come_back(array: np.ndarray) -> None:
    data = array_bytes(array)
    back = array_from_bytes(data)
    np.testing.assert_array_equal(back, array)
    assert back.shape == array.shape
    np.testing.assert_array_equal(np.load(io.BytesIO(data), allow_pickle=False), array)


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None], dtype=object), np.zeros((1, 1, 1, 1, 1))])
def test_other_arrays_are_not_written(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        array_bytes(array)


def _npy(header: str, body: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY\x02\x00",
        _npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", b"\x80\x04N."),
        _npy("{'descr': '<f8', 'fortran_order': True, 'shape': (1,), }\n", b"12345678"),
        _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999,), }\n", b"12345678"),
        _npy("{'descr': '<m8', 'fortran_order': False, 'shape': (1,), }\n", b"12345678"),
        _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1), }\n", b"12345678"),
        _npy("{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }\n", b"\x07"),
        _npy("__import__('os')\n"),
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        array_from_bytes(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_cleanly(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        array_from_bytes(b"\x93NUMPY\x01\x00" + data)
