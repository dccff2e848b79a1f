"""What an expression of version 1 may see: the slice that is worked on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from restudio.expressions.instant import Instant


@dataclass(frozen=True, slots=True)
class Window:
    """A slice, and the window of the activity that works on it: the same instants."""

    start: datetime
    end: datetime

    def find(self, name: str) -> Instant | None:
        """The instant that a system variable tells, by its name in any case."""
        which = VARIABLES.get(name.lower())
        return None if which is None else Instant.of(self.start if which == "start" else self.end)


VARIABLES: Final[Mapping[str, str]] = {
    "slicestart": "start",
    "sliceend": "end",
    "windowstart": "start",
    "windowend": "end",
    # A documented sample spells it so.
    "windowsstart": "start",
    "windowsend": "end",
}
