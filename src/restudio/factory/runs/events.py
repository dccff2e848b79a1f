"""What happens in a pipeline run, in order. The state of a run is what its events say (``state.py``).

An activity is named by its path: its name, after those of the containers it stands in and the pass of each
(``PerSite:17/Train``). Sealed texts hold what must not be readable where events are kept.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from restudio.core.decoding import decoder_of
from restudio.factory.properties import Json

ActivityStatus = Literal["Queued", "InProgress", "Succeeded", "Failed", "Cancelled", "Skipped"]
RunStatus = Literal["Queued", "InProgress", "Succeeded", "Failed", "Canceling", "Cancelled"]


class ErrorInfo(msgspec.Struct, frozen=True, rename="camel"):
    """An error as monitoring shows it (section 2.6)."""

    error_code: str = ""
    message: str = ""
    failure_type: str = ""
    target: str = ""
    details: list[dict[str, Json]] = []


CANCELLED = ErrorInfo("Cancelled", "The activity was cancelled.", "UserError")


class _Event(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag=True):
    at: float
    """Epoch seconds."""


class RunStarted(_Event, frozen=True):
    """Told again when a run goes on after a crash or a hand-over."""


class Started(_Event, frozen=True):
    """An attempt begins. ``retries``, ``interval`` and ``seconds`` are the activity's policy, evaluated once."""

    path: str
    id: str
    attempt: int = 0
    input: Json = None
    user_properties: dict[str, Json] = {}
    linked_service: str = ""
    retries: int = 0
    interval: float = 30.0
    seconds: float | None = None


class Remembered(_Event, frozen=True):
    """Facts of the running attempt, sealed: they may hold addresses with signatures."""

    path: str
    sealed: str


class Reported(_Event, frozen=True):
    """Progress of the running attempt, for people."""

    path: str
    text: str


class Sleeping(_Event, frozen=True):
    """The activity ends by itself at a time."""

    path: str
    until: float


class Entered(_Event, frozen=True):
    """A container begins. ``count`` is None for loops that end by a condition."""

    path: str
    branch: str | None
    count: int | None = 1
    items: list[Json] | None = None
    at_once: int = 1
    until: str | None = None
    deadline: float | None = None
    output: dict[str, Json] = {}


class Began(_Event, frozen=True):
    """A pass of a container begins."""

    path: str
    index: int


class Left(_Event, frozen=True):
    """A pass ended; ``inner`` and ``error`` tell what made it fail. ``done``: the condition of a loop is met."""

    path: str
    index: int
    inner: str = ""
    error: ErrorInfo | None = None
    done: bool | None = None


class Called(_Event, frozen=True):
    """A run of another pipeline was started by the activity."""

    path: str
    run_id: str
    pipeline: str
    wait: bool
    sealed: str
    """The parameters: they may hold secrets."""


class Retrying(_Event, frozen=True):
    """The attempt failed, and another one begins at ``again``."""

    path: str
    error: ErrorInfo
    again: float
    output: Json = None
    timed_out: bool = False


class Ended(_Event, frozen=True):
    """The activity is over, with the outcome that dependencies see."""

    path: str
    status: ActivityStatus
    output: Json = None
    sealed: str | None = None
    """The output when it is secured."""
    error: ErrorInfo | None = None
    timed_out: bool = False
    inherited: bool = False
    """Taken over from the run that this one recovers."""


class Skipped(_Event, frozen=True):
    """The activity will not run."""

    path: str


class Assigned(_Event, frozen=True):
    """A variable has a new value, or with ``append`` one element more; ``sealed`` when the value is secured."""

    name: str
    value: Json = None
    append: bool = False
    sealed: str | None = None


class Returned(_Event, frozen=True):
    """The run has a return value."""

    values: dict[str, Json]


class Cancelling(_Event, frozen=True):
    """Somebody asked for the end of the run."""


class RunEnded(_Event, frozen=True):
    status: RunStatus
    message: str = ""


Event = (
    RunStarted
    | Started
    | Remembered
    | Reported
    | Sleeping
    | Entered
    | Began
    | Left
    | Called
    | Retrying
    | Ended
    | Skipped
    | Assigned
    | Returned
    | Cancelling
    | RunEnded
)
_DECODER: msgspec.json.Decoder[Event] = decoder_of(Event)
_ENCODER = msgspec.json.Encoder()


def to_text(event: Event) -> str:
    """An event as it is kept."""
    return _ENCODER.encode(event).decode()


def from_text(text: str) -> Event:
    return _DECODER.decode(text)
