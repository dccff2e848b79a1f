"""Engine: where module functions run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from restudio.core.errors import ModuleError


@dataclass(frozen=True, slots=True)
class Limits:
    """What one execution may use. ``network`` applies to user scripts."""

    seconds: float = 3600.0
    memory_mb: int = 8192
    network: bool = False


@dataclass(frozen=True, slots=True)
class Execution:
    """One module execution, by reference.

    ``inputs`` maps input port to object key (absent: not connected); ``outputs`` maps output port to the object key to
    write. ``assets`` maps asset id to object key for the saved things the module names. ``seed`` replaces a blank
    "Random number seed", so that a run can be repeated. ``scope`` is the workspace whose data stores the module
    may write to.
    """

    id: str
    module: str
    params: Mapping[str, object]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    assets: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    limits: Limits = Limits()
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """``fraction`` is None for a log line."""

    fraction: float | None
    text: str


class Cancelled(Exception):
    """The execution was cancelled and its process is gone."""


class ProcessLost(ModuleError):
    """The process that ran the module died, and nobody here wanted that: executing again may well succeed."""

    def __init__(self, how: str) -> None:
        super().__init__("0039", f"The process that ran the module {how}; the run can be repeated.")


class Engine(Protocol):
    """Thread-safe. ``execute`` blocks until the outputs are stored and returns the size in bytes of each.

    Raises ModuleError as the module did; ``Cancelled`` after :meth:`cancel`; ModuleError 0138 (memory), 0039 (time);
    ``ProcessLost`` when the process died by itself. Executing again with the same output keys gives the same effect.
    ``cancel`` returns at once; the process that runs the execution is killed, children included.
    """

    def execute(self, execution: Execution, on_progress: Callable[[Progress], None]) -> Mapping[str, int]: ...

    def cancel(self, execution_id: str) -> None: ...

    def close(self) -> None:
        """Stop all processes."""
        ...

    @property
    def parallelism(self) -> int:
        """How many executions run at once; more wait in ``execute``."""
        ...
