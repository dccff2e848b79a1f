"""``data:`` addresses (RFC 2397)."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from restudio.expressions.binary import decode

_DEFAULT = "text/plain;charset=US-ASCII"
_CHARSETS = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1", "windows-1252", "utf-16", "utf-16le", "utf-16be"})


@dataclass(frozen=True, slots=True)
class DataUri:
    content_type: str
    content: bytes

    @property
    def text(self) -> str:
        """In its character set; UTF-8 when that is not told or not known."""
        charset = self.content_type.lower().partition("charset=")[2].partition(";")[0].strip('" ')
        known = charset in _CHARSETS and charset not in ("us-ascii", "ascii")
        return codecs.decode(self.content, charset if known else "utf-8", "replace")


def parse_data_uri(text: str) -> DataUri:
    """``ValueError`` when it is none."""
    head, comma, data = text.strip().partition(",")
    if not comma or head[:5].lower() != "data:":
        raise ValueError("no data URI")
    content_type = head[5:]
    if content_type[-7:].lower() == ";base64":
        return DataUri(_typed(content_type[:-7]), decode(unquote_to_bytes(data).decode("ascii")))
    return DataUri(_typed(content_type), unquote_to_bytes(data))


def _typed(content_type: str) -> str:
    return _DEFAULT if not content_type else f"text/plain{content_type}" if content_type[0] == ";" else content_type
