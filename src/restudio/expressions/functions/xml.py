"""XML functions (Data Factory reference, 7.9)."""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import quoteattr

from lxml import etree

from restudio.expressions.binary import utf8
from restudio.expressions.declaration import OBJECT, STRING, Accepts, function, parameter
from restudio.expressions.errors import ExpressionError, shorten
from restudio.expressions.texts import content_of
from restudio.expressions.values import Json
from restudio.expressions.xml_object import is_xml, json_to_markup, parse_xml, xml_object

_SWEEPS = re.compile(r"//|\b(?:descendant|following|preceding|ancestor)(?:-or-self|-sibling)?\s*::")
_MOST_VISITS = 100_000_000
"""Nodes that a path may visit: about a second."""


@function("xml", parameter("value", Accepts("a string or an object", frozenset({str, dict}))))
def to_xml(value: Json) -> Json:
    """An XML object of markup, or of an object with one member: arrays repeat their element, `@name` makes an
    attribute. Entities and document types are refused."""
    if is_xml(value):
        return value
    markup = value if type(value) is str else json_to_markup(value)
    parse_xml(utf8(markup), "xml")
    return xml_object(markup)


@function("xpath", parameter("xml", OBJECT), parameter("path", STRING))
def xpath(xml: Json, path: str) -> Json:
    """What an XPath expression finds in an XML object. Nodes give an array (elements as XML objects, texts as texts,
    attributes as `name="value"`), other results a text, a decimal number or a boolean."""
    if not is_xml(xml):
        raise ExpressionError(
            "The template language function 'xpath' expects its first parameter to be an XML object, as xml() gives."
        )
    root = parse_xml(content_of(xml) or b"", "xpath")
    nodes = max(2, int(root.xpath("count(//node() | //@*)")))
    sweeps = max(1, len(_SWEEPS.findall(path)))
    if nodes**sweeps > _MOST_VISITS:
        raise ExpressionError(
            f"The template language function 'xpath' was given a path with {sweeps} searches below or beside a node"
            f" ('//') for a document of {nodes} nodes, which takes too long. Name the steps of the path instead."
        )
    try:
        found = root.getroottree().xpath(path, namespaces={k: v for k, v in root.nsmap.items() if k})
    except etree.XPathError as error:
        raise ExpressionError(
            "The template language function 'xpath' expects its second parameter to be a valid XPath expression. The"
            f" provided value '{shorten(path)}' is not: {error}."
        ) from error
    if isinstance(found, list):
        return [_node(each) for each in found]
    return str(found) if isinstance(found, str) else found


def _node(node: Any) -> Json:
    if isinstance(node, tuple):
        prefix, uri = node
        return f"xmlns:{prefix}={quoteattr(uri)}" if prefix else f"xmlns={quoteattr(uri)}"
    if not isinstance(node, str):
        return xml_object(etree.tostring(node, encoding="unicode", with_tail=False))
    if getattr(node, "is_attribute", False):
        return f"{etree.QName(node.attrname).localname}={quoteattr(str(node))}"  # type: ignore[attr-defined]  # lxml's text
    return str(node)
