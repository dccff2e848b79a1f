"""Requests as documents describe them: method, body, headers, credentials, tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from restudio.blobs.exchange import Request
from restudio.factory.activity import ActivityContext
from restudio.factory.documents.timespan import parse_timespan
from restudio.factory.errors import ActivityFailed
from restudio.factory.http_place import HttpPlace
from restudio.factory.properties import Json, Properties
from restudio.factory.web_service import Failed, exchange, read_json, request_token

_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection"})


def seconds_of(value: Json, name: str, default: float) -> float:
    """Seconds of a time span ``[d.]hh:mm:ss``; 2104 for another text."""
    if value is None or value == "":
        return default
    seconds = parse_timespan(value)
    if seconds is None:
        raise ActivityFailed.wrong_type(name, "time span such as 00:01:00")
    return seconds


def headers_of(value: Json, name: str = "headers") -> dict[str, str]:
    """Headers by lower-case name, from an object or from lines ``name: value``."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        pairs = (line.partition(":") for line in value.splitlines() if line.strip())
        given: Mapping[str, Json] = {key.strip(): text.strip() for key, _, text in pairs}
    elif isinstance(value, Mapping):
        given = value
    else:
        raise ActivityFailed.wrong_type(name, "object")
    found = {}
    for key, each in given.items():
        text = each if isinstance(each, str) else json.dumps(each)
        if not key or not key.isascii() or not key.isprintable() or "\n" in text or "\r" in text:
            raise ActivityFailed("2104", f"The header '{key[:40]}' of '{name}' has a name or value that HTTP forbids.")
        if key.casefold() not in _OURS:
            found[key.casefold()] = text
    return found


def body_of(value: Json) -> bytes:
    """Text as it is, anything else as JSON."""
    if value is None:
        return b""
    return value.encode() if isinstance(value, str) else json.dumps(value, ensure_ascii=False).encode()


def request_of(place: HttpPlace, url: str, p: Properties, *, default_seconds: float = 100.0) -> Request:
    """``requestMethod``, ``requestBody``, ``additionalHeaders`` and the time limit of a source, at an address."""
    timeout = p.get("requestTimeout") or p.get("httpRequestTimeout")
    return Request(
        str(p.get("requestMethod") or "GET").upper(),
        url,
        {**headers_of(p.get("additionalHeaders"), "additionalHeaders"), **place.headers},
        body_of(p.get("requestBody")),
        seconds_of(timeout, "requestTimeout", default_seconds),
        verify=place.verify,
    )


def authorized(ctx: ActivityContext, place: HttpPlace) -> HttpPlace:
    """The place with a fresh token among its headers, where it asks for one."""
    asked = place.token
    if asked is None:
        return place
    failed = Failed("2108", "No token was given: {said}")
    if asked.endpoint is None:
        token = request_token(ctx, asked.principal, place.url, failed, resource=asked.resource)
    else:
        form = {
            "grant_type": "client_credentials",
            "client_id": asked.principal.client_id,
            "client_secret": asked.principal.client_secret,
            **({"scope": asked.scope} if asked.scope else {}),
            **({"resource": asked.resource} if asked.resource else {}),
        }
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        request = Request("POST", asked.endpoint, headers, urlencode(form).encode(), verify=place.verify)
        answer = read_json(exchange(ctx, request, failed, repeatable=True), failed)
        found = answer.get("access_token") if isinstance(answer, Mapping) else None
        if not isinstance(found, str):
            raise failed("the answer has no access_token")
        token = found
    return replace(place, headers={**place.headers, "authorization": f"Bearer {token}"}, token=None)
