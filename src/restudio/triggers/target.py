"""Target: what triggers of one kind start."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from restudio.core.errors import RestudioError
from restudio.triggers.rule import Rule
from restudio.triggers.types import Change, Completion, Firing, RunState, Trigger

_log = logging.getLogger(__name__)


class Target(Protocol):
    """Thread-safe. Called outside of transactions, from any process that fires.

    ``RestudioError`` of kind other than ``UNAVAILABLE`` is final; anything else is tried again later.
    """

    def read(self, type: str, document: Mapping[str, Any]) -> Rule:
        """The rule of a trigger."""
        ...

    def start(self, trigger: Trigger, firing: Firing) -> Mapping[str, str]:
        """Start everything that this firing starts; run ids by name.

        Called at least once for an attempt of a firing, possibly by several processes at once: the run ids must follow
        from ``firing.id`` and ``firing.attempt`` alone, and a run that exists is left as it is.
        """
        ...

    def states(self, run_ids: Sequence[str]) -> Mapping[str, RunState]:
        """What runs are at; runs that are not known are left out."""
        ...

    def cancel(self, run_ids: Sequence[str]) -> None:
        """Stop runs; those that ended stay as they are."""
        ...

    def list_changes(self, trigger: Trigger, folder: str, since: datetime) -> Sequence[Change]:
        """Files directly in a folder that changed at an instant or later."""
        ...

    def list_completions(
        self, trigger: Trigger, pipelines: Sequence[str], dimension: str, since: datetime
    ) -> Sequence[Completion]:
        """Runs of these pipelines that succeeded at an instant or later, oldest first."""
        ...


def read_rule(targets: Mapping[str, Target], trigger: Trigger) -> Rule | None:
    """None, and logged, when the rule cannot be read: the other triggers go on."""
    try:
        return targets[trigger.ref.kind].read(trigger.type, trigger.document)
    except RestudioError as error:
        _log.error("trigger %s of %s cannot be read: %s", trigger.ref.name, trigger.ref.owner, error)
        return None
