"""One page of an OData feed: JSON of the versions 2 to 4, and Atom (pure).

Atom tells the type of each property. JSON does not without the service's metadata: texts stay texts, except those
whose every letter says that they are an instant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from restudio.core.cells import parse_boolean, parse_datetime
from restudio.core.errors import ModuleError

if TYPE_CHECKING:
    from lxml import etree

Entry = dict[str, object]
_ATOM = "{http://www.w3.org/2005/Atom}"
_META = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"
_DATA = "{http://schemas.microsoft.com/ado/2007/08/dataservices}"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,12})?)?(Z|[+-]\d\d:\d\d)?")
_TICKS = re.compile(r"/Date\((-?\d{1,15})([+-]\d{1,4})?\)/")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  times of tables carry no zone


@dataclass(frozen=True, slots=True)
class Page:
    """``following`` is the next page's address, which may be relative to this one's; None on the last."""

    entries: list[Entry]
    following: str | None


def read_page(body: bytes, content_type: str, shown: str) -> Page:
    """Error 0049 for what is no feed, 0126 for a decimal."""
    try:
        is_xml = "xml" in content_type or body.lstrip().startswith(b"<")
        return _atom(body) if is_xml else _json(json.loads(body))
    except (ValueError, TypeError, KeyError, SyntaxError) as cause:
        raise ModuleError("0049", f"What '{shown}' answers is no OData feed in JSON or Atom.") from cause


def _json(document: object) -> Page:
    """``{"value": […]}`` of versions 3 and 4, or ``{"d": …}`` of version 2."""
    if not isinstance(document, dict):
        raise TypeError("a feed is an object")
    if "d" in document:
        inner = document["d"]
        rows, following = (inner["results"], inner.get("__next")) if isinstance(inner, dict) else (inner, None)
    else:
        rows = document["value"]
        following = document.get("@odata.nextLink") or document.get("odata.nextLink") or document.get("@nextLink")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TypeError("a feed holds objects")
    return Page([_entry(row) for row in rows], None if following is None else str(following))


def _entry(row: Mapping[str, object]) -> Entry:
    """Properties without annotations, and without what is only linked."""
    told = {name.partition("@")[0]: str(kind) for name, kind in row.items() if name.endswith("@odata.type")}
    return {
        name: _json_cell(value, told.get(name, ""))
        for name, value in row.items()
        if "@" not in name and not name.startswith(("odata.", "__")) and not _is_deferred(value)
    }


def _is_deferred(value: object) -> bool:
    return isinstance(value, dict) and "__deferred" in value


def _json_cell(value: object, kind: str) -> object:
    if kind.endswith("Decimal") and value is not None:
        return Decimal(0)  # held by no column: refused where the table grows, with the column's name
    if kind.endswith("Int64") and value is not None:
        return int(str(value))
    if isinstance(value, str):
        ticks = _TICKS.fullmatch(value)
        if ticks is not None:
            return _EPOCH + timedelta(milliseconds=int(ticks[1]))
        if _INSTANT.fullmatch(value):
            return parse_datetime(value)
    return value


def _atom(body: bytes) -> Page:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    feed = etree.fromstring(body, parser)
    if feed.tag != f"{_ATOM}feed":
        raise ValueError("no feed")
    following = [link.get("href") for link in feed.findall(f"{_ATOM}link") if link.get("rel") == "next"]
    return Page([_atom_entry(entry) for entry in feed.findall(f"{_ATOM}entry")], next(iter(following), None))


def _atom_entry(entry: etree._Element) -> Entry:
    # Media entries hold their properties beside the content.
    found = entry.find(f"{_ATOM}content/{_META}properties")
    properties = entry.find(f"{_META}properties") if found is None else found
    cells: Entry = {}
    for each in () if properties is None else properties:
        if isinstance(each.tag, str) and each.tag.startswith(_DATA):
            cells[each.tag.removeprefix(_DATA)] = _atom_cell(each)
    return cells


def _atom_cell(element: etree._Element) -> object:
    if element.get(f"{_META}null") == "true":
        return None
    if len(element):
        return {str(child.tag).rpartition("}")[2]: _atom_cell(child) for child in element}
    kind = (element.get(f"{_META}type") or "Edm.String").removeprefix("Edm.")
    parse = _ATOM_TYPES.get(kind)
    return (element.text or "") if parse is None else parse((element.text or "").strip())


_ATOM_TYPES: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(("Byte", "SByte", "Int16", "Int32", "Int64"), int),
    **dict.fromkeys(("Single", "Double"), lambda text: float(text.replace("INF", "inf"))),
    **dict.fromkeys(("DateTime", "DateTimeOffset"), parse_datetime),
    "Boolean": parse_boolean,
    "Decimal": lambda _: Decimal(0),
    "Binary": lambda _: b"",
}
