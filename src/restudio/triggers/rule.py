"""Rules: when a trigger fires."""

from __future__ import annotations

import enum

from restudio.triggers.events import BlobEvents, Chaining, CustomEvents, Polling
from restudio.triggers.recurrence import Recurrence
from restudio.triggers.windows import Windows

Rule = Recurrence | Windows | BlobEvents | CustomEvents | Polling | Chaining


class Mode(enum.Enum):
    """How a trigger learns that it is time."""

    CLOCK = "clock"
    WINDOWS = "windows"
    EVENTS = "events"
    LOOKS = "looks"


def mode_of(rule: Rule) -> Mode:
    match rule:
        case Recurrence():
            return Mode.CLOCK
        case Windows():
            return Mode.WINDOWS
        case BlobEvents() | CustomEvents():
            return Mode.EVENTS
        case Polling() | Chaining():
            return Mode.LOOKS


def channel_of(rule: Rule, owner: str) -> str | None:
    """What a trigger that answers to events listens to."""
    match rule:
        case BlobEvents():
            return blob_channel(rule.account)
        case CustomEvents():
            return topic_channel(owner, rule.topic)
    return None


def blob_channel(account: str) -> str:
    return f"blobs/{account}"


def topic_channel(owner: str, topic: str) -> str:
    """Topics are the owner's: two factories may have topics of the same name."""
    return f"topics/{owner}/{topic.casefold()}"
