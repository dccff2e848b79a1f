"""Feeds of OData services, in JSON or Atom, page after page."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

from restudio.core.errors import ModuleError
from restudio.core.params import choice, text, when
from restudio.modules.places.files import given
from restudio.modules.places.odata_pages import Page, read_page
from restudio.modules.places.selection import ODATA, Source
from restudio.seams.context import Context, HttpRequest
from restudio.tables.growing import GrowingTable
from restudio.tables.table import Table

_ACCEPT = {"accept": "application/json;q=1.0, application/atom+xml;q=0.9", "maxdataserviceversion": "4.0"}


@dataclass(frozen=True, kw_only=True)
class FeedSource(Source):
    """Parameters of :func:`read_feed`."""

    feed_type: str = choice("Data content type", ("OData",), when=when("source", ODATA))
    feed_url: str = text(
        "Source URL",
        "",
        signed=True,
        when=when("source", ODATA),
        help="Address of a feed, without credentials; filter by its query: `…/Orders?$filter=Price gt 5&$select=Id`.",
    )


def read_feed(p: FeedSource, ctx: Context) -> Table:
    """Errors 0003, 0029, 0030, 0049, 0078, and 0126 for decimals and binary values."""
    growing = GrowingTable()
    url: str | None = given(p.feed_url, "Source URL")
    seen: set[str] = set()
    while url is not None:
        if url in seen:
            raise ModuleError("0030", "The feed names a page as the next one that it gave already.")
        seen.add(url)
        page = _page(url, ctx)
        names = dict.fromkeys(name for entry in page.entries for name in entry)
        growing.add(len(page.entries), {name: [entry.get(name) for entry in page.entries] for name in names})
        ctx.progress(0.0, f"{growing.rows} rows")
        url = urljoin(url, page.following) if page.following else None
    return growing.finish()


def _page(url: str, ctx: Context) -> Page:
    answer = ctx.exchange(HttpRequest("GET", url, _ACCEPT))
    shown = url.partition("?")[0]
    try:
        if 300 <= answer.status < 400:
            raise ModuleError("0078", f"'{shown}' answers with a redirection, which is not followed; give its target.")
        if answer.status != 200:
            raise ModuleError("0030", f"The feed '{shown}' could not be read; its server answered {answer.status}.")
        return read_page(answer.body.read_bytes(), answer.headers.get("content-type", ""), shown)
    finally:
        answer.body.unlink()
