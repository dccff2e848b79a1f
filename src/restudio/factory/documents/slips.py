"""Slips of the pen: what nobody knows is kept, but what is nearly a known name is told."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from restudio.factory.documents.problems import Problems

_SLIP = 0.85
"""So alike are two names of which one is a slip: a letter or two differ."""


def tell_slips(written: Iterable[str], known: Collection[str], path: str, problems: Problems) -> None:
    """Members of an object that are nearly known ones."""
    for name in written:
        tell_slip(name, known, f"{path}.{name}", "UnknownProperty", "a property", problems)


def tell_slip(name: str, known: Collection[str], path: str, code: str, what: str, problems: Problems) -> None:
    folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=_SLIP)
    if close and name.casefold() not in folded:
        problems.add(path, code, f"'{name[:80]}' is not {what} here. Did you mean '{folded[close[0]]}'?")
