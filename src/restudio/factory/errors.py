"""Failures of activities as monitoring shows them (Data Factory reference, sections 2.6 and 3.4)."""

from __future__ import annotations

from typing import Literal

FailureType = Literal["UserError", "SystemError", ""]


class ActivityFailed(Exception):
    """An activity attempt failed. ``code`` is the documented error code; the loop adds ``target``, the activity's name.

    ``timed_out`` marks attempts that ran into their limit, which are retried like failures.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        failure_type: FailureType = "UserError",
        details: list[dict[str, object]] | None = None,
        output: dict[str, object] | None = None,
        timed_out: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.failure_type: FailureType = failure_type
        self.details = details or []
        self.output = output
        """What the activity tells although it failed (a webhook's report)."""
        self.timed_out = timed_out

    @classmethod
    def missing(cls, name: str) -> ActivityFailed:
        return cls("2103", f"Please provide value for the required property '{name}'.")

    @classmethod
    def wrong_type(cls, name: str, expected: str) -> ActivityFailed:
        return cls("2104", f"The type of the property '{name}' is incorrect. The expected type is {expected}.")
