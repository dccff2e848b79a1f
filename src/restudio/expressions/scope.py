"""What an expression may see of its surroundings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from restudio.expressions.values import ABSENT, Absent, Json


class RandomSource(Protocol):
    """Where ``guid()`` and ``rand()`` take their numbers from; ``random.Random`` is one."""

    def getrandbits(self, k: int, /) -> int: ...

    def randrange(self, start: int, stop: int, /) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Values of the context functions at one place. What is absent is an error to ask for.

    A place inside another is a copy with more in it: ``dataclasses.replace(scope, item=element)``.
    """

    now: Callable[[], datetime]
    """The present instant, with a zone."""
    random: RandomSource
    pipeline: Json | Absent = ABSENT
    """``pipeline()``: an object with ``RunId``, ``parameters``, ``globalParameters`` …"""
    activities: Mapping[str, Json] | None = None
    """``activity('A')``: name → object with ``output``, ``status``, ``error`` …, of activities that ran.
    ``actions('A')`` is the same, ``outputs('A')`` and ``body('A')`` are its ``output``."""
    variables: Mapping[str, Json] | None = None
    """``variables('v')``: name → present value."""
    item: Json | Absent = ABSENT
    dataset: Json | Absent = ABSENT
    """``dataset()``: an object of the arguments."""
    linked_service: Json | Absent = ABSENT
    """``linkedService()``: an object of the arguments."""
    trigger: Json | Absent = ABSENT
    trigger_body: Json | Absent = ABSENT
