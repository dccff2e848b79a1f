"""Typed decoding: right values, and no crash when many threads meet a class for the first time."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from restudio.core.decoding import decode_json, decoder_of, from_builtins


class Leaf(msgspec.Struct):
    number: int


class Tree(msgspec.Struct):
    leaves: list[Leaf] = []


def test_values_and_errors_are_those_of_msgspec() -> None:
    assert decode_json('{"leaves":[{"number":1}]}', Tree).leaves[0].number == 1
    assert decode_json(b'{"number":"2"}', Leaf, strict=False).number == 2
    assert decode_json("[1,2]", tuple[int, ...]) == (1, 2)
    assert from_builtins({"number": 3}, Leaf).number == 3
    assert decoder_of(Tree) is decoder_of(Tree)
    with pytest.raises(msgspec.ValidationError):
        decode_json('{"number":"2"}', Leaf)
    with pytest.raises(msgspec.ValidationError):
        from_builtins({}, Leaf)
    with pytest.raises(msgspec.DecodeError):
        decode_json("{", Leaf)


_FIRST_USE = """
from __future__ import annotations
import sys, threading
import msgspec
from restudio.core.decoding import decode_json

sys.setswitchinterval(1e-6)
for round in range(200):
    # Classes that msgspec has not met yet: their text names the next one, which is looked up while it learns.
    names = {"msgspec": msgspec}
    exec(
        "class Leaf(msgspec.Struct):\\n  a: 'int' = 0\\n  b: 'list[int]' = []\\n"
        "class Mid(msgspec.Struct):\\n  x: 'list[Leaf]' = []\\n  y: 'dict[str, Leaf]' = {}\\n"
        "class Top(msgspec.Struct):\\n  a: 'list[Mid]' = []\\n  b: 'Mid | None' = None\\n  c: 'dict[str, Mid]' = {}\\n",
        names,
    )
    for kind in ("Leaf", "Mid", "Top"):
        names[kind].__module__ = "__main__"
        globals()[kind] = names[kind]
    gate = threading.Barrier(8)

    def decode():
        gate.wait()
        decode_json('{"a":[{"x":[{"a":1,"b":[1]}]}],"b":{},"c":{"k":{}}}', names["Top"])

    threads = [threading.Thread(target=decode) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("alive")
"""


def test_threads_that_meet_a_class_together_survive() -> None:
    """With msgspec alone this process dies of a segmentation fault within some rounds."""
    done = subprocess.run([sys.executable, "-c", _FIRST_USE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr[-2000:]
