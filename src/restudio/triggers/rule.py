"""Rules: when a trigger fires."""

from __future__ import annotations

from restudio.triggers.events import BlobEvents, Chaining, CustomEvents, Polling
from restudio.triggers.recurrence import Recurrence
from restudio.triggers.windows import Windows

Rule = Recurrence | Windows | BlobEvents | CustomEvents | Polling | Chaining
