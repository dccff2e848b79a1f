"""XML objects: markup as a binary object, and its way from and to JSON (Data Factory reference, 7.9).

Markup is read with entities, document types and the network off, so that it stands for nothing but itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from restudio.expressions.binary import XML, binary_object, utf8
from restudio.expressions.errors import ExpressionError
from restudio.expressions.limits import RESULT_SIZE, VALUE_NESTING, ensure_size, too_deep
from restudio.expressions.texts import CONTENT_TYPE, content_of, json_text
from restudio.expressions.values import Json

_NOT_IN_NAMES = re.compile(r"[^\w.\-:]")
_NO_START = re.compile(r"[\d.\-]")
_ENCODED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DECLARATION = "?xml"
_DECLARED = re.compile(rb"""\s*<\?xml\s+version=["']([0-9.]+)["'](?:\s+encoding=["']([\w.-]+)["'])?""")


def is_xml(value: Json) -> bool:
    """Whether a value is an object with XML in it."""
    kind = value.get(CONTENT_TYPE) if type(value) is dict else None
    return isinstance(kind, str) and "xml" in kind.partition(";")[0].lower() and content_of(value) is not None


def xml_object(markup: str) -> Json:
    return binary_object(utf8(markup), XML)


def parse_xml(content: bytes, function: str) -> Any:
    """The root element. An error when it is not well formed, has a document type, or is too large or deep."""
    ensure_size(len(content), function)
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise _not_valid(function, error.msg or "it is not well formed") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _not_valid(function, "document types are not read, because entities could stand for anything")
    return root


def _not_valid(function: str, why: str) -> ExpressionError:
    return ExpressionError(
        f"The template language function '{function}' parameter is not valid. The provided value cannot be converted to"
        f" XML: {why}"
    )


def xml_to_json(value: Json) -> Json:
    """Attributes as ``@name``, repeated elements as arrays, texts as strings, empty elements as null."""
    content = content_of(value) or b""
    root = parse_xml(content, "json")
    found = _DECLARED.match(content)
    declaration = {}
    if found is not None:
        named = dict(zip(("@version", "@encoding"), found.groups(), strict=True))
        declaration = {_DECLARATION: {name: part.decode() for name, part in named.items() if part is not None}}
    return declaration | {_name(root): _content(root, VALUE_NESTING)}


def _name(element: Any) -> str:
    local = etree.QName(element).localname
    return _decode(f"{element.prefix}:{local}" if element.prefix else local)


def _decode(name: str) -> str:
    return _ENCODED.sub(lambda found: chr(int(found[1], 16)), name)


def _content(element: Any, depth: int) -> Json:
    if not depth:
        raise too_deep("The XML")
    members: dict[str, Json] = dict(_attributes(element))
    children = [child for child in element if isinstance(child.tag, str)]
    texts = [text for text in (element.text, *(child.tail for child in element)) if text and text.strip()]
    if not members and not children:
        return element.text
    repeated = set()
    for child in children:
        name, value = _name(child), _content(child, depth - 1)
        if name not in members:
            members[name] = value
        elif name in repeated:
            members[name].append(value)
        else:
            members[name] = [members[name], value]
            repeated.add(name)
    if texts or (element.text and not children):
        found = texts or [element.text]
        members["#text"] = found[0] if len(found) == 1 else found
    return members


def _attributes(element: Any) -> Iterator[tuple[str, str]]:
    parent = element.getparent()
    outer = {} if parent is None else parent.nsmap
    for prefix, uri in element.nsmap.items():
        if outer.get(prefix) != uri:
            yield f"@xmlns:{prefix}" if prefix else "@xmlns", uri
    known = {uri: prefix for prefix, uri in element.nsmap.items() if prefix}
    for name, value in element.attrib.items():
        parts = etree.QName(name)
        prefix = "xml" if parts.namespace == "http://www.w3.org/XML/1998/namespace" else known.get(parts.namespace)
        yield f"@{prefix}:{parts.localname}" if prefix else f"@{parts.localname}", value


def json_to_markup(value: Mapping[str, Json]) -> str:
    """The markup of an object with one member: the root element."""
    roots = [name for name in value if name != _DECLARATION]
    if len(roots) != 1 or type(value[roots[0]]) is list:
        raise _not_valid("xml", f"an object with exactly one member is needed, its root; it has {len(roots)}.")
    parts: list[str] = []
    if _DECLARATION in value and type(value[_DECLARATION]) is dict:
        pairs = "".join(f" {name[1:]}={quoteattr(str(text))}" for name, text in value[_DECLARATION].items())
        parts.append(f"<?xml{pairs}?>")
    _write(roots[0], value[roots[0]], _counted(parts), VALUE_NESTING)
    return "".join(parts)


def _counted(parts: list[str]) -> Callable[[str], None]:
    size = 0

    def write(part: str) -> None:
        nonlocal size
        size += len(part)
        if size > RESULT_SIZE:
            ensure_size(size, "xml")
        parts.append(part)

    return write


def _write(name: str, value: Json, write: Callable[[str], None], depth: int) -> None:
    if not depth:
        raise too_deep("The value")
    if type(value) is list:
        for item in value:
            _write(name, item, write, depth - 1)
        return
    tag = _encode(name)
    members = value if type(value) is dict else {"#text": value} if value is not None else {}
    attributes = {n: v for n, v in members.items() if n.startswith("@") and type(v) not in (dict, list)}
    write(f"<{tag}" + "".join(f" {_encode(n[1:])}={quoteattr(_scalar(v))}" for n, v in attributes.items()))
    inner = [(n, v) for n, v in members.items() if n not in attributes]
    if not inner:
        write(" />")
        return
    write(">")
    for member, item in inner:
        if member in ("#text", "#cdata-section"):
            for text in item if type(item) is list else [item]:
                write(escape(_scalar(text)))
        else:
            _write(member, item, write, depth - 1)
    write(f"</{tag}>")


def _scalar(value: Json) -> str:
    return value if type(value) is str else "" if value is None else json_text(value)


def _encode(name: str) -> str:
    """A name that XML allows: other characters as ``_xHHHH_``."""
    if not name:
        raise _not_valid("xml", "an element has no name.")
    encoded = _NOT_IN_NAMES.sub(lambda found: f"_x{ord(found[0]):04X}_", name)
    return f"_x{ord(encoded[0]):04X}_{encoded[1:]}" if _NO_START.match(encoded) else encoded
