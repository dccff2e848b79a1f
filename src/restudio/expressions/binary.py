"""Binary objects: ``{"$content-type": …, "$content": base64}``, and texts in base64."""

from __future__ import annotations

import base64
import binascii
import re

from restudio.expressions.texts import CONTENT, CONTENT_TYPE
from restudio.expressions.values import Json

OCTETS = "application/octet-stream"
XML = "application/xml;charset=utf-8"
_BLANKS = re.compile(r"[ \t\r\n]+")


def binary_object(content: bytes, content_type: str = OCTETS) -> dict[str, Json]:
    return {CONTENT_TYPE: content_type, CONTENT: encode(content)}


def encode(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def decode(text: str) -> bytes:
    """``ValueError`` when the text is no base64, padding included; white space between does not count."""
    try:
        return base64.b64decode(_BLANKS.sub("", text), validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from error


def utf8(text: str) -> bytes:
    """Halves of characters, which cannot be written, become U+FFFD."""
    return (
        text.encode("utf-8", "replace")
        if text.isascii()
        else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    )
