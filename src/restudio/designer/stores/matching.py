"""Which files of a store a data path means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from restudio.designer.stores.types import Found
from restudio.graph.data_path import DataPath


def prefix_of(path: DataPath) -> str:
    """What the paths of all files that a data path means begin with.

    >>> prefix_of(DataPath("lake", "churn/2031-*/part?.csv"))
    'churn/2031-'
    """
    return re.split(r"[*?\[]", path.path, maxsplit=1)[0]


def choose(path: DataPath, listed: Iterable[Found]) -> Iterator[Found]:
    """The files among the listed ones: those that match a pattern, the one of that path, or those below that folder.

    Files and folders whose names begin with a dot or an underscore are marks of programs and not data, unless the path
    names them.
    """
    if path.is_pattern:
        pattern = re.compile(_translated(path.path))
        yield from (found for found in listed if pattern.fullmatch(found.path))
        return
    folder = f"{path.path}/" if path.path else ""
    for found in listed:
        if found.path == path.path or (found.path.startswith(folder) and not _is_mark(found.path[len(folder) :])):
            yield found


def _is_mark(relative: str) -> bool:
    return any(segment.startswith((".", "_")) for segment in relative.split("/"))


def _translated(pattern: str) -> str:
    """A regular expression: ``*`` and ``?`` stay in a folder, ``**`` does not."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[!?[^\]/]+\])", pattern)
    return "".join(map(_piece, parts))


def _piece(part: str) -> str:
    known = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if part in known:
        return known[part]
    if part.startswith("[") and part.endswith("]") and len(part) > 2:
        inner = part[1:-1].replace("\\", "\\\\").replace("^", "\\^").replace("[", "\\[")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(part)
