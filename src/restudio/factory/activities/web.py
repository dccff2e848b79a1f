"""WebActivity: a call of an HTTP service (Data Factory reference, 6.5)."""

from __future__ import annotations

from collections.abc import Mapping

from restudio.blobs.exchange import Answer, Request
from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.errors import ActivityFailed
from restudio.factory.http_call import seconds_of
from restudio.factory.linked_service import all_linked_services
from restudio.factory.properties import Json, Properties
from restudio.factory.sealing import mask_whole
from restudio.factory.web_call import METHODS, members_of, redirected, request_of, send

TYPE = "WebActivity"
_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 300.0
_CREDENTIALS = frozenset({"set-cookie", "authorization", "proxy-authenticate", "www-authenticate"})


@activity(
    type=TYPE,
    properties=(
        Property("method", "string", required=True, choices=METHODS, help="`GET`, `POST`, `PUT`, `DELETE` or `PATCH`."),
        Property("url", "string", required=True, help="Address; the operator's `egress` rules apply."),
        Property("headers", "object", help="Name → value."),
        Property("body", "any", help="Text, or an object that is sent as JSON."),
        Property("authentication", "object", help="`Basic` (username, password) or `ServicePrincipal`."),
        Property("httpRequestTimeout", "string", default="00:01:00", help="Time for one answer: 1 to 10 minutes."),
        Property("turnOffAsync", "bool", default=False, help="Do not follow the `Location` of a 202."),
        Property("disableCertValidation", "bool", default=False, help="Accept any certificate."),
        Property("datasets", "array", help="Their definitions are added to the body."),
        Property("linkedServices", "array", help="Their definitions, secrets masked, are added to the body."),
        Property("connectVia", "any", help="Not used."),
    ),
)
def web(p: Properties, ctx: ActivityContext) -> Output:
    """Calls an HTTP service. The members of a JSON object in the answer are the output, any other answer is `Response`.
    A 202 with a `Location` is followed until another answer comes, also over a crash."""
    begun = ctx.platform.clock.monotonic()
    seconds = min(max(seconds_of(p.get("httpRequestTimeout"), "httpRequestTimeout", 60.0), 1.0), 600.0)
    request = request_of(ctx, p, _body(p, ctx), seconds)
    location = ctx.recall("location")
    if isinstance(location, str):
        answer = _follow(ctx, redirected(request, location), None)
    else:
        answer = send(ctx, request)
        if answer.status == 202 and answer.headers.get("location") and p.get("turnOffAsync") is not True:
            target = redirected(request, answer.headers["location"])
            ctx.remember(location=target.url)
            answer = _follow(ctx, target, answer)
    shown = {name: value for name, value in answer.headers.items() if name not in _CREDENTIALS}
    return {
        **members_of(answer),
        "ADFWebActivityResponseHeaders": shown,
        "effectiveIntegrationRuntime": "Restudio",
        "executionDuration": round(ctx.platform.clock.monotonic() - begun),
        "durationInQueue": {"integrationRuntimeQueue": 0},
    }


def _follow(ctx: ActivityContext, request: Request, before: Answer | None) -> Answer:
    """Ask again and again until the work behind a 202 is done."""
    while True:
        if before is not None:
            wait = before.headers.get("retry-after", "")
            ctx.pause(min(float(wait), _LONGEST_PAUSE_S) if wait.isdecimal() else _PAUSE_S)
        before = send(ctx, request)
        if before.status != 202:
            return before
        ctx.report("The service is still working.")


def _body(p: Properties, ctx: ActivityContext) -> Json:
    body = p.get("body")
    datasets = [_dataset(each, ctx) for each in p.list("datasets")]
    services = [_linked_service(each, ctx) for each in p.list("linkedServices")]
    if not datasets and not services:
        return body
    if body is not None and not isinstance(body, Mapping):
        raise ActivityFailed.wrong_type("body", "object")
    added = {"datasets": datasets, "linkedServices": services}
    return {**(body or {}), **{name: value for name, value in added.items() if value}}


def _dataset(reference: Json, ctx: ActivityContext) -> Json:
    found = ctx.dataset(reference)
    return {"name": found.name, "properties": {"type": found.type, "typeProperties": dict(found.properties)}}


def _linked_service(reference: Json, ctx: ActivityContext) -> Json:
    """What a service may be told of a linked service. Its secrets are opened already, so those that are declared, and
    everything of a type that is not known, stay here."""
    found = ctx.linked_service(reference)
    kind = all_linked_services().get(found.type)
    properties = mask_whole(dict(found.properties)) if kind is not None else {}
    return {"name": found.name, "properties": {"type": found.type, "typeProperties": properties}}
