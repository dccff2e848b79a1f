"""Which slices of an input a slice needs, where ``startTime`` and ``endTime`` say so (reference, sections 9.2, 9.5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from restudio.expressions.v1 import Window, compile_slice_expression
from restudio.triggers.windows import Window as TriggerWindow

Needs = Callable[[TriggerWindow], tuple[datetime, datetime]]
"""The interval in which the needed slices have a part."""
_INSTANT = timedelta(microseconds=1)


def compile_needs(begin: str, end: str) -> Needs:
    """From the expressions, with or without ``$$``; ExpressionError where they are none, or give no instants.

    Both may give one instant: that of ``Date.AddDays(SliceStart, -Date.DayOfWeek(SliceStart))`` lies in one slice of
    weeks.
    """
    first, last = compile_slice_expression(begin, bare=True), compile_slice_expression(end, bare=True)

    def needs(window: TriggerWindow) -> tuple[datetime, datetime]:
        of = Window(window.start, window.end)
        at, until = first.moment(of), last.moment(of)
        return at, until + _INSTANT if until == at else until

    return needs
