"""Calls that a document describes: request, credentials, answer, failures (Data Factory reference, 6.5)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import msgspec

from restudio.blobs.exchange import Answer, Request
from restudio.blobs.fetch_errors import FetchError
from restudio.blobs.sas import redact
from restudio.factory.activity import ActivityContext
from restudio.factory.errors import ActivityFailed
from restudio.factory.http_call import body_of, headers_of
from restudio.factory.http_place import basic_credentials
from restudio.factory.linked_services.azure_ml import ServicePrincipal
from restudio.factory.properties import Json, Properties
from restudio.factory.web_service import Failed, request_token

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
MAX_BYTES = 4 << 20
_MAX_REDIRECTS = 5
_TOLD = 2000
_NO_ANSWER = (
    "No response from the endpoint. Possible causes: network connectivity, DNS failure, server certificate validation "
    "or timeout."
)


def request_of(ctx: ActivityContext, p: Properties, body: Json, seconds: float) -> Request:
    """From ``method``, ``url``, ``headers`` and ``authentication``; objects are sent as JSON."""
    method = str(p.get("method") or "").upper()
    if method not in METHODS:
        raise ActivityFailed("2104", f"The value '{method[:20]}' of 'method' is not one of {', '.join(METHODS)}.")
    url = p.get("url")
    if not isinstance(url, str) or not url:
        raise ActivityFailed.missing("url")
    headers = headers_of(p.get("headers"))
    if body is not None and not isinstance(body, str):
        headers.setdefault("content-type", "application/json")
    authentication = p.object("authentication")
    if authentication.get("type"):
        headers["authorization"] = _authorization(ctx, authentication, url)
    verify = p.get("disableCertValidation") is not True
    return Request(method, url.strip(), headers, body_of(body), seconds, MAX_BYTES, verify)


def _authorization(ctx: ActivityContext, p: Properties, url: str) -> str:
    kind = str(p["type"]).casefold()
    if kind == "basic":
        return basic_credentials(_text(p, "username"), _text(p, "password"))
    if kind == "serviceprincipal":
        principal = ServicePrincipal(
            str(p.get("tenant") or _text(p, "userTenant")),
            str(p.get("servicePrincipalId") or _text(p, "username")),
            str(p.get("servicePrincipalKey") or _text(p, "password")),
        )
        resource = _text(p, "resource")
        failed = Failed("2108", "No token was given: {said}")
        return f"Bearer {request_token(ctx, principal, url, failed, resource=resource)}"
    raise ActivityFailed(
        "2104", f"The authentication '{p['type']}' is not offered here; expected Basic or ServicePrincipal."
    )


def _text(p: Properties, name: str) -> str:
    value = p.get(name)
    if isinstance(value, Mapping):
        value = Properties(value).get("value")
    if not isinstance(value, str) or not value:
        raise ActivityFailed.missing(f"authentication.{name}")
    return value


def send(ctx: ActivityContext, request: Request) -> Answer:
    """The answer; 2128 when there is none, 2108 for a status of 400 and more. Redirections of GET are followed, without
    credentials to another host."""
    for _ in range(_MAX_REDIRECTS):
        try:
            answer = ctx.platform.outgoing.request(request, ctx.is_cancelled)
        except FetchError as error:
            raise ActivityFailed("2128", f"{_NO_ANSWER} {error.message}") from error
        if answer.status >= 400:
            raise refused(request.url, answer)
        location = answer.headers.get("location")
        if request.method != "GET" or not 300 < answer.status < 400 or location is None:
            return answer
        request = redirected(request, location)
    raise ActivityFailed("2128", f"{_NO_ANSWER} '{_shown(request.url)}' redirects more than {_MAX_REDIRECTS} times.")


def redirected(request: Request, location: str) -> Request:
    """A GET of what an answer points to."""
    url = urljoin(request.url, location)
    same = urlsplit(url)[:2] == urlsplit(request.url)[:2]
    kept = ("accept", "user-agent")
    headers = {k: v for k, v in request.headers.items() if (same and not k.startswith("content-")) or k in kept}
    return Request("GET", url, headers, None, request.seconds, request.max_bytes, request.verify)


def refused(url: str, answer: Answer) -> ActivityFailed:
    body = redact(answer.body.decode("utf-8", "replace").strip())[:_TOLD]
    more = f". More details: {body}" if body else ""
    message = f"Error calling the endpoint '{_shown(url)}'. Response status code: '{answer.status}'{more}"
    return ActivityFailed("2108", message)


def _shown(url: str) -> str:
    return redact(url)


def members_of(answer: Answer) -> dict[str, Json]:
    """The members of a JSON object; anything else as ``Response``."""
    if not answer.body.strip():
        return {}
    try:
        value = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {"Response": answer.body.decode("utf-8", "replace")}
    return value if isinstance(value, dict) else {"Response": value}
