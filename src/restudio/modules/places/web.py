"""Files at web addresses."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.core.params import boolean, choice, text, when
from restudio.modules.places.files import ARFF, CSV, SVMLIGHT, TSV, codec_of, given
from restudio.modules.places.selection import HTTP, Source
from restudio.seams.context import Context
from restudio.tables.table import Table


@dataclass(frozen=True, kw_only=True)
class WebSource(Source):
    """Parameters of :func:`read_web`."""

    url: str = text("URL", "", signed=True, when=when("source", HTTP), help="Address of a file; no redirects.")
    url_format: str = choice(
        "Data format", (CSV, TSV, ARFF, SVMLIGHT), when=when("source", HTTP), help="Format of the file."
    )
    url_header: bool = boolean("CSV or TSV has header row", False, when=when("source", HTTP))


def read_web(p: WebSource, ctx: Context) -> Table:
    """Errors 0003, 0029, 0030, 0049 and 0078."""
    resource = ctx.fetch(given(p.url, "URL"))
    return codec_of(p.url_format, p.url_header).read(resource.path, name=resource.name)
