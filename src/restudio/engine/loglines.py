"""What a module logs, kept to a size that events can carry."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

FIRST = 500
LAST = 500
"""Lines of one execution that are passed on: the first as they come, the last when it ends."""
LONGEST = 2000
"""Characters of a line."""


class LogLines:
    """The first and the last lines of one execution, with a line that counts those left out between them.

    ``tell`` passes a line on.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._count = 0
        self._last: deque[str] = deque(maxlen=LAST)

    def add(self, text: str) -> None:
        """Log a text; each of its lines counts."""
        for line in text.splitlines() or [""]:
            self._count += 1
            kept = line if len(line) <= LONGEST else f"{line[:LONGEST]}… ({len(line) - LONGEST} characters left out)"
            if self._count <= FIRST:
                self._tell(kept)
            else:
                self._last.append(kept)

    def close(self) -> None:
        """Pass on what waits for the end."""
        cut = self._count - FIRST - len(self._last)
        if cut > 0:
            self._tell(f"… {cut} lines left out …")
        while self._last:
            self._tell(self._last.popleft())
        self._count = min(self._count, FIRST)
