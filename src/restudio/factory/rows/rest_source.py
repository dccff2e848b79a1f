"""Answers of a REST service as records, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from restudio.blobs.exchange import Answer
from restudio.factory.activity import ActivityContext
from restudio.factory.dataset import RestData
from restudio.factory.errors import ActivityFailed
from restudio.factory.http_call import authorized, request_of, seconds_of
from restudio.factory.properties import Properties
from restudio.factory.rows.json_path import JsonPath
from restudio.factory.rows.record import BadRecord, Record, Records
from restudio.factory.web_service import Failed, exchange, read_json

_MAX_PAGES = 100_000
_FAILED = Failed("2200", "ErrorCode=UserErrorRestCall: The REST service failed: {said}")


def rest_records(ctx: ActivityContext, data: RestData, settings: Properties) -> Records:
    """Objects of every answer; an array at the top, or one object a page."""
    given = Properties({**dict(data.request), **{name: value for name, value in settings.items() if value is not None}})
    return Records((), _pages(ctx, data, given))


def _pages(ctx: ActivityContext, data: RestData, given: Properties) -> Iterator[list[Record | BadRecord]]:
    place = authorized(ctx, data.place)
    interval = seconds_of(given.get("requestInterval"), "requestInterval", 0.0)
    url: str | None = place.address(data.relative)
    seen: set[str] = set()
    while url is not None:
        if url in seen or len(seen) >= _MAX_PAGES:
            raise _FAILED("its pages lead in a circle")
        seen.add(url)
        answer = exchange(ctx, request_of(place, url, given), _FAILED, repeatable=True)
        value = read_json(answer, _FAILED)
        yield _objects(value)
        url = _next(url, answer, value, given)
        if url is not None and interval:
            ctx.pause(interval)


def _objects(value: Any) -> list[Record | BadRecord]:
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(each, dict) for each in found):
        raise _FAILED("an answer is neither an object nor an array of objects")
    return found


def _next(url: str, answer: Answer, value: Any, given: Properties) -> str | None:
    """The address of the next page as ``paginationRules`` find it: in the body (``$.next``) or in a header."""
    rules = given.object("paginationRules")
    rule = rules.get("AbsoluteUrl")
    for name in rules:
        if name.casefold() not in ("absoluteurl", "supportrfc5988", "maxrequestnumber"):
            raise ActivityFailed("2104", f"The pagination rule '{name}' is not offered; expected AbsoluteUrl.")
    if not isinstance(rule, str):
        return None
    if rule.casefold().startswith("headers."):
        found: Any = answer.headers.get(rule.partition(".")[2].casefold())
    else:
        found = JsonPath.parse(rule).find(value) if isinstance(value, (Mapping, list)) else None
    return urljoin(url, found) if isinstance(found, str) and found else None
