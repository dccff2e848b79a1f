"""How activities end: told to the log, with secured outputs sealed and no secret in the words of an error."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from restudio.core.errors import Kind, RestudioError
from restudio.factory.activity import Output
from restudio.factory.documents.pipeline import ActivityDocument
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json
from restudio.factory.runs.events import CANCELLED, Ended, ErrorInfo, Retrying
from restudio.factory.runs.inputs import redact
from restudio.factory.runs.log import RunLog
from restudio.factory.runs.plan import Plan
from restudio.factory.sealing import mask
from restudio.seams.clock import Clock
from restudio.seams.secrets import Secrets

MAX_OUTPUT = 4 << 20
"""Characters of an output as JSON."""
_log = logging.getLogger(__name__)


class Outcomes:
    """Used by the thread that drives the run."""

    def __init__(self, plan: Plan, log: RunLog, secrets: Secrets, clock: Clock) -> None:
        self._plan = plan
        self._log = log
        self._secrets = secrets
        self._clock = clock

    def succeed(self, path: str, document: ActivityDocument, output: Output) -> None:
        value = dict(output)
        try:
            text = json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            self.fail(path, document, error)
            return
        if len(text) > MAX_OUTPUT:
            message = f"The output has {len(text)} characters as JSON; up to {MAX_OUTPUT} are kept. Make it smaller."
            self.fail(path, document, ActivityFailed("OutputTooLarge", message), retry=False)
        elif document.policy.secure_output:
            sealed = self._secrets.seal(text)
            self._log.tell(Ended(at=self.now(), path=path, status="Succeeded", sealed=sealed))
        else:
            self._log.tell(Ended(at=self.now(), path=path, status="Succeeded", output=value))

    def fail(self, path: str, document: ActivityDocument, error: BaseException, *, retry: bool = True) -> None:
        """End an attempt as failed; the activity too, unless its policy grants another attempt."""
        told = self._redacted(_error_info(error, document.name))
        output = error.output if isinstance(error, ActivityFailed) and not document.policy.secure_output else None
        timed_out = isinstance(error, ActivityFailed) and error.timed_out
        state, now = self._log.state, self.now()
        started = state.activities[path].attempt.started
        if retry and started.attempt < started.retries and not state.cancelling:
            again = now + started.interval
            self._log.tell(Retrying(at=now, path=path, error=told, again=again, output=output, timed_out=timed_out))
        else:
            self._log.tell(Ended(at=now, path=path, status="Failed", error=told, output=output, timed_out=timed_out))

    def cancel(self, path: str) -> None:
        self._log.tell(Ended(at=self.now(), path=path, status="Cancelled", error=CANCELLED))

    def shown_input(self, document: ActivityDocument, properties: Mapping[str, Json]) -> Json:
        """Evaluated properties as monitoring shows them."""
        if document.policy.secure_input:
            return {"secureInput": True}
        masked = mask(dict(properties), self._secrets, self._plan.run.workspace_id)
        return redact(masked, self._plan.secret_texts)

    def now(self) -> float:
        return self._clock.now().timestamp()

    def _redacted(self, error: ErrorInfo) -> ErrorInfo:
        texts = self._plan.secret_texts
        if not texts:
            return error
        message, details = redact(error.message, texts), redact(error.details, texts)
        return ErrorInfo(error.error_code, message, error.failure_type, error.target, details)


def _error_info(error: BaseException, activity: str) -> ErrorInfo:
    match error:
        case ActivityFailed():
            return ErrorInfo(error.code, error.message, error.failure_type, activity, list(error.details))
        case RestudioError():
            ours = error.kind in (Kind.UNAVAILABLE, Kind.INTERNAL)
            return ErrorInfo(error.detail, error.message, "SystemError" if ours else "UserError", activity)
        case _:
            _log.error("activity %s failed inside Restudio", activity, exc_info=error)
            message = "The activity failed inside Restudio; the server's log says why."
            return ErrorInfo("InternalError", message, "SystemError", activity)
