"""Typed decoding that any thread may begin.

msgspec learns a class when it first decodes one, and marks it as known before it has learned its fields. A second
thread that decodes the same class in that moment reads fields that are not there yet, and the process dies of a
segmentation fault (seen with msgspec 0.22 when a server loaded its endpoints in several threads). Here classes are
learned one at a time, before anything is decoded.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")
_LEARNING = threading.Lock()
_decoders: dict[tuple[object, bool], msgspec.json.Decoder[Any]] = {}


@overload
def decoder_of(shape: type[T], *, strict: bool = ...) -> msgspec.json.Decoder[T]: ...


@overload
def decoder_of(shape: object, *, strict: bool = ...) -> msgspec.json.Decoder[Any]:
    """A union is no class to the type checker."""


def decoder_of(shape: Any, *, strict: bool = True) -> msgspec.json.Decoder[Any]:
    """The decoder of a type, with every class in it learned. Reading the found one costs a look-up."""
    key = (shape, strict)
    known = _decoders.get(key)
    if known is None:
        with _LEARNING:
            known = _decoders.setdefault(key, msgspec.json.Decoder(shape, strict=strict))
    return known


def decode_json(text: bytes | str, shape: type[T], *, strict: bool = True) -> T:
    """JSON as a value of a type; raises as ``msgspec.json.decode`` does."""
    return decoder_of(shape, strict=strict).decode(text)


def from_builtins(value: object, shape: type[T]) -> T:
    """Plain objects and lists as a value of a type; raises as ``msgspec.convert`` does."""
    decoder_of(shape)
    return msgspec.convert(value, shape)
