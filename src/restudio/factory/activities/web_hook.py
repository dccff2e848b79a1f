"""WebHook: call a service and wait until it calls back (Data Factory reference, 6.6)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.callbacks import Callbacks
from restudio.factory.errors import ActivityFailed
from restudio.factory.http_call import seconds_of
from restudio.factory.properties import Json, Properties
from restudio.factory.web_call import request_of, send
from restudio.seams.engine import Cancelled

TYPE = "WebHook"
_ANSWER_S = 60.0
_LOOK_S = 1.0


@activity(
    type=TYPE,
    control=True,
    properties=(
        Property("method", "string", default="POST", help="`POST`."),
        Property("url", "string", required=True, help="Address; the operator's `egress` rules apply."),
        Property("headers", "object", help="Name → value."),
        Property("body", "any", help="Object; `callBackUri` is added to it."),
        Property("timeout", "string", default="00:10:00", help="How long to wait for the call."),
        Property("authentication", "object", help="`Basic` (username, password) or `ServicePrincipal`."),
        Property("disableCertValidation", "bool", default=False, help="Accept any certificate."),
        Property(
            "reportStatusOnCallBack",
            "bool",
            default=False,
            help="The call's `StatusCode` decides, `Error` tells why, `Output` is the output.",
        ),
    ),
)
def web_hook(p: Properties, ctx: ActivityContext) -> Output:
    """Posts to a service, with an address to call back in `callBackUri`, and waits for that call. The address takes one
    call. A crash while waiting does not post again."""
    callbacks = ctx.platform.callbacks
    if callbacks is None:
        raise ActivityFailed("2110", "WebHook activities need a server that can be called back.")
    patience = seconds_of(p.get("timeout"), "timeout", 600.0)
    # One attempt is one call: the id of the attempt tells its address. What was received stays, so that a crash before
    # the outcome is recorded finds it again.
    waiting = ctx.activity_run_id
    try:
        told = _await_call(p, ctx, callbacks, waiting, patience)
    except (ActivityFailed, Cancelled):
        callbacks.close(waiting)
        raise
    return _judged(told, p)


def _await_call(p: Properties, ctx: ActivityContext, callbacks: Callbacks, id: str, patience: float) -> Properties:
    uri = callbacks.open(id)
    since = ctx.recall("posted")
    if not isinstance(since, (int, float)):
        send(ctx, request_of(ctx, p, {**_body(p), "callBackUri": uri}, _ANSWER_S))
        since = ctx.now().timestamp()
        ctx.remember(posted=since)
    while True:
        body = callbacks.find(id)
        if body is not None:
            return _members(body)
        left = since + patience - ctx.now().timestamp()
        if left <= 0:
            raise ActivityFailed("TimedOut", f"The service did not call back within {patience:g} s.", timed_out=True)
        ctx.pause(min(_LOOK_S, left))


def _body(p: Properties) -> dict[str, Json]:
    body = p.get("body")
    if isinstance(body, str):
        try:
            body = json.loads(body) if body.strip() else {}
        except ValueError as cause:
            raise ActivityFailed(
                "2105",
                "An invalid json is provided for property 'body'. Encountered an error while trying to parse: "
                f"'{cause}'.",
            ) from cause
    if body is not None and not isinstance(body, Mapping):
        raise ActivityFailed.wrong_type("body", "object")
    return dict(body or {})


def _members(body: str) -> Properties:
    try:
        value = json.loads(body) if body.strip() else {}
    except ValueError:
        value = {"Response": body}
    return Properties(value if isinstance(value, dict) else {"Response": value})


def _judged(told: Properties, p: Properties) -> dict[str, Json]:
    """Any call is success, unless its status decides."""
    if p.get("reportStatusOnCallBack") is not True:
        return dict(told)
    output = dict(told.object("Output"))
    status = str(told.get("StatusCode") or "200").strip()
    if not status.isdecimal():
        raise ActivityFailed("2104", f"The StatusCode '{status[:40]}' of the call is no number.", output=output)
    if int(status) >= 400:
        error = told.object("Error")
        code = str(error.get("ErrorCode") or status)
        raise ActivityFailed(code, str(error.get("Message") or f"The service told status {status}."), output=output)
    return output
