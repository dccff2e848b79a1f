"""JSON objects of documents, read without regard to case: published samples write ``LinkedServiceName`` and
``linkedServiceName`` for the same thing (Data Factory reference, section 1.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = Any
"""Anything JSON can hold: None, bool, int, float, str, list, dict."""


class Properties(Mapping[str, Json]):
    """A view of a JSON object. The exact name wins over one in other case; iteration gives names as written.

    >>> Properties({"FilePath": "lake/a.csv"})["filePath"]
    'lake/a.csv'
    """

    __slots__ = ("_folded", "_raw")

    def __init__(self, raw: Mapping[str, Json]) -> None:
        self._raw = raw
        self._folded: dict[str, str] | None = None

    def __getitem__(self, name: str) -> Json:
        return self._raw[self._written(name) or name]

    def get(self, name: str, default: Json = None) -> Json:
        written = self._written(name)
        return default if written is None else self._raw[written]

    def _written(self, name: str) -> str | None:
        """The name as it is written; None when there is none such."""
        if name in self._raw:
            return name
        if self._folded is None:
            self._folded = {}
            for written in self._raw:
                self._folded.setdefault(written.casefold(), written)
        return self._folded.get(name.casefold())

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def __repr__(self) -> str:
        return f"Properties({sorted(self._raw)})"

    def object(self, name: str) -> Properties:
        """The object under a name; an empty one when it is absent or null."""
        value = self.get(name)
        return Properties(value) if isinstance(value, Mapping) else Properties({})

    def list(self, name: str) -> list[Json]:
        """The array under a name; an empty one when it is absent or null."""
        value = self.get(name)
        return value if isinstance(value, list) else []
