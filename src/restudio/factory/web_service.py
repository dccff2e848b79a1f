"""Calls of a classic web service and of the resource manager, by HTTP, with their errors as activities tell them."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import msgspec

from restudio.blobs.exchange import Answer, Request
from restudio.blobs.fetch_errors import FetchError
from restudio.blobs.sas import redact
from restudio.factory.activity import ActivityContext
from restudio.factory.errors import ActivityFailed
from restudio.factory.linked_services.azure_ml import ServicePrincipal
from restudio.factory.properties import Json

CALL_S = 120.0
PUBLIC_AUTHORITY = "https://login.microsoftonline.com"
_PUBLIC_RESOURCE_MANAGER = ".azure.com"
_TEXT_LIMIT = 2000
_PATIENCE = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Pauses between attempts of a call that may be repeated, while the service is busy or cannot be reached."""
_BUSY = frozenset({429, 500, 502, 503, 504})


class Failed:
    """Makes the failure of an activity from what a service says."""

    def __init__(self, code: str, template: str) -> None:
        self._code = code
        self._template = template

    def __call__(self, said: str) -> ActivityFailed:
        return ActivityFailed(self._code, self._template.format(said=redact(said)[:_TEXT_LIMIT]))


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """One service as one activity calls it. ``failed`` words what went wrong in the terms of the activity. Under a
    ``key`` the service changes something once, also when the activity has to send the request again after a crash."""

    ctx: ActivityContext
    token: str
    failed: Failed
    key: str = ""

    def call(
        self,
        method: str,
        url: str,
        body: Json = None,
        *,
        repeatable: bool = True,
        accepted: Container[int] = (),
    ) -> Answer:
        """An answer with a good or an accepted status; any other fails the activity. What is ``repeatable`` is tried
        again for half a minute."""
        request = self._request(method, url, body)
        return exchange(self.ctx, request, self.failed, repeatable=repeatable, accepted=accepted)

    def call_once(self, method: str, url: str) -> None:
        """Try a call whose outcome changes nothing for us, also when the activity is cancelled."""
        with suppress(FetchError):
            self.ctx.platform.outgoing.request(self._request(method, url))

    def _request(self, method: str, url: str, body: Json = None) -> Request:
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/json"}
        if self.key:
            headers["idempotency-key"] = self.key
        if body is None:
            return Request(method, url, headers, b"", seconds=CALL_S)
        headers["content-type"] = "application/json; charset=utf-8"
        return Request(method, url, headers, msgspec.json.encode(body), seconds=CALL_S)


def exchange(
    ctx: ActivityContext, request: Request, failed: Failed, *, repeatable: bool, accepted: Container[int] = ()
) -> Answer:
    """Send a request until it is answered well, or not busy, or patience ends."""
    pauses = iter(_PATIENCE if repeatable else ())
    while True:
        unreachable: FetchError | None = None
        answer: Answer | None = None
        try:
            answer = ctx.platform.outgoing.request(request, ctx.is_cancelled)
        except FetchError as error:
            unreachable = error
        if answer is not None and (answer.status < 300 or answer.status in accepted):
            return answer
        pause = next(pauses, None)
        if pause is None or (answer is not None and answer.status not in _BUSY) or _is_refused(unreachable):
            raise failed(said_by(answer) if answer is not None else str(unreachable)) from unreachable
        ctx.report(f"The service cannot be reached; next attempt in {pause:g} s.")
        ctx.pause(pause)


def _is_refused(error: FetchError | None) -> bool:
    """Whether our own rules keep us from the address: asking again changes nothing."""
    return error is not None and error.module_number == "0029"


def said_by(answer: Answer) -> str:
    """The reason in an error body: its message and those of its details, else the text, else the status."""
    body = answer.body.decode("utf-8", "replace").strip()
    try:
        told = " ".join(_messages(json.loads(body)))
    except ValueError:
        told = ""
    return told or body or f"HTTP status {answer.status}"


def _messages(value: Json) -> list[str]:
    if not isinstance(value, Mapping):
        return []
    error = value.get("error")
    if isinstance(error, Mapping):
        return _messages(error)
    told = [value.get(name) for name in ("message", "error_description")]
    found = [text for text in told if isinstance(text, str) and text]
    details = value.get("details")
    return found + [text for each in details for text in _messages(each)] if isinstance(details, list) else found


def read_json(answer: Answer, failed: Failed) -> Json:
    """The body as JSON."""
    try:
        return json.loads(answer.body)
    except ValueError as cause:
        shown = answer.body[:200].decode("utf-8", "replace")
        raise failed(f"an answer that is no JSON: {shown}") from cause


def request_token(
    ctx: ActivityContext, principal: ServicePrincipal, resource_url: str, failed: Failed, *, resource: str | None = None
) -> str:
    """A token of a service principal (client credentials) for what stands at an address.

    The public cloud has an authority of its own; every other host is its own authority, as this product is.
    """
    split = urlsplit(resource_url)
    root = f"{split.scheme}://{split.netloc}"
    is_public = (split.hostname or "").casefold().endswith(_PUBLIC_RESOURCE_MANAGER)
    form = {
        "grant_type": "client_credentials",
        "client_id": principal.client_id,
        "client_secret": principal.client_secret,
        "resource": resource or (f"{root}/" if is_public else "https://management.azure.com/"),
    }
    url = f"{PUBLIC_AUTHORITY if is_public else root}/{principal.tenant}/oauth2/token"
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    request = Request("POST", url, headers, urlencode(form).encode(), seconds=CALL_S)
    answer = read_json(exchange(ctx, request, failed, repeatable=True), failed)
    token = answer.get("access_token") if isinstance(answer, Mapping) else None
    if not isinstance(token, str):
        raise failed("the authority's answer has no access_token")
    return token
