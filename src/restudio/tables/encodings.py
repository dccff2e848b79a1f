"""Character encodings of "CSV with encodings" (modules reference, 2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from restudio.tables.codec import unreadable

ENCODINGS: Mapping[str, str] = {
    "Unicode (UTF-8)": "utf-8-sig",
    "Unicode": "utf-16",
    "Unicode (Big-Endian)": "utf-16-be",
    "Unicode (UTF-32)": "utf-32",
    "Unicode (UTF-7)": "utf-7",
    "Chinese Traditional (Big5)": "big5",
    "Chinese Simplified (GB2312)": "gb2312",
    "Chinese Simplified (GB18030)": "gb18030",
    "Chinese Simplified (ISO-2022)": "hz",
    "Japanese (JIS)": "iso2022_jp",
    "Japanese (Shift-JIS)": "shift_jis",
    "Korean (ISO)": "iso2022_kr",
    "Korean (Mac)": "euc_kr",
    "Western European (Windows)": "cp1252",
    "Western European (ISO)": "iso8859_1",
    "Hebrew (ISO-Visual)": "iso8859_8",
    "US-ASCII": "ascii",
}
"""Shown name → Python codec; Python's nearest where it lacks the very one (Mac Korean, ISO-2022 Chinese)."""
_CHUNK = 1 << 20


def to_utf8(source: Path, target: Path, encoding: str, name: str) -> Path:
    """Write ``source`` as UTF-8 to ``target`` and give that; error 0049 when it is not in that encoding."""
    try:
        with (
            source.open(encoding=encoding, newline="") as text,
            target.open("w", encoding="utf-8", newline="") as copy,
        ):
            while chunk := text.read(_CHUNK):
                copy.write(chunk)
    except UnicodeError as cause:
        raise unreadable(name, f"the text is not encoded in {encoding}.") from cause
    return target
