"""Where files of a copy go (Data Factory reference, 6.1.3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from restudio.factory.errors import ActivityFailed

_BEHAVIOURS = ("PreserveHierarchy", "FlattenHierarchy", "MergeFiles")


@dataclass(frozen=True, slots=True)
class Naming:
    """``name`` is the sink's file name ("" for none); ``extension`` replaces that of a source unless it is kept;
    ``packed`` is the ending of the codec; ``token`` makes generated names one's own."""

    behaviour: str
    name: str
    extension: str = ""
    packed: str = ""
    token: str = "data"
    keeps_extension: bool = False

    @classmethod
    def of(
        cls, behaviour: object, name: str, extension: str, packed: str, token: str, *, keeps_extension: bool
    ) -> Naming:
        given = str(behaviour or _BEHAVIOURS[0])
        found = next((each for each in _BEHAVIOURS if each.casefold() == given.casefold()), None)
        if found is None:
            raise ActivityFailed(
                "2104", f"The value '{given[:40]}' of 'copyBehavior' is not one of {', '.join(_BEHAVIOURS)}."
            )
        return cls(found, name, extension, packed, token, keeps_extension)

    @property
    def merges(self) -> bool:
        """Whether all sources become one file; so they do when the sink names one."""
        return self.behaviour == "MergeFiles" or bool(self.name)

    def target(self, relative: str) -> str:
        """Path below the sink's folder.

        >>> Naming("PreserveHierarchy", "", ".json").target("a/b.csv"), Naming("MergeFiles", "x.csv").target("a/b.csv")
        ('a/b.json', 'x.csv')
        """
        if self.name:
            return self.name
        if self.merges or not relative:
            return f"{self.token}{self.extension or '.txt'}{self.packed}"
        if self.behaviour == "FlattenHierarchy":
            suffix = PurePosixPath(relative).suffix if self.keeps_extension else self.extension
            return f"data_{hashlib.sha256(relative.encode()).hexdigest()[:24]}{suffix}{self.packed}"
        path = PurePosixPath(relative)
        kept = relative if self.keeps_extension else str(path.with_suffix(self.extension))
        return kept if kept.endswith(self.packed) else kept + self.packed


def numbered(prefix: str, index: int, extension: str) -> str:
    """A file of several that hold one table.

    >>> numbered("sales", 3, ".csv")
    'sales_00003.csv'
    """
    return f"{prefix}_{index:05}{extension}"
