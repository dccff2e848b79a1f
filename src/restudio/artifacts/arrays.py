"""Arrays as ``.npy`` bytes, limited to plain numbers and read without NumPy's own header parser.

NumPy's reader evaluates a Python literal and can unpickle; this one accepts only the header that :func:`array_bytes`
writes, checks type and shape against the length, and then copies numbers.
"""

from __future__ import annotations

import io
import math
import re

import numpy as np

_ALLOWED = ("<f8", "<f4", "<i8", "<i4", "|u1", "|b1")
_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(rb"\{'descr': '([<|][a-z]\d)', 'fortran_order': False, 'shape': \(([\d, ]*)\), \} *\n\Z")
_MAX_DIMENSIONS = 4


def array_bytes(array: np.ndarray) -> bytes:
    """The ``.npy`` form (version 1.0, C order, little-endian); ``ValueError`` for types that are not allowed."""
    plain = np.asarray(array, order="C")
    if plain.dtype.byteorder == ">":
        plain = plain.astype(plain.dtype.newbyteorder("<"))
    if plain.dtype.str not in _ALLOWED or plain.ndim > _MAX_DIMENSIONS:
        raise ValueError(f"arrays of type {array.dtype} and {array.ndim} dimensions cannot be stored")
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, plain, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def array_from_bytes(data: bytes) -> np.ndarray:
    """The read-only array of :func:`array_bytes`; ``ValueError`` for any other bytes."""
    if data[:8] != _MAGIC or len(data) < 10:
        raise ValueError("it is not a NumPy array of version 1.0")
    start = 10 + int.from_bytes(data[8:10], "little")
    header = _HEADER.match(data[10:start])
    if header is None:
        raise ValueError("its header is not a plain array header")
    kind = header[1].decode()
    if kind not in _ALLOWED:
        raise ValueError(f"arrays of type '{kind}' are not allowed")
    shape = tuple(int(part) for part in header[2].split(b",") if part.strip())
    if len(shape) > _MAX_DIMENSIONS:
        raise ValueError(f"it has {len(shape)} dimensions, at most {_MAX_DIMENSIONS} are allowed")
    dtype = np.dtype(kind)
    if math.prod(shape) * dtype.itemsize != len(data) - start:
        raise ValueError(f"shape {shape} of '{kind}' does not fit its {len(data) - start} bytes")
    if kind == "|b1" and not set(data[start:]) <= {0, 1}:
        raise ValueError("a Boolean array holds other bytes than 0 and 1")
    array = np.frombuffer(data, dtype, offset=start).reshape(shape).copy()
    array.setflags(write=False)
    return array
