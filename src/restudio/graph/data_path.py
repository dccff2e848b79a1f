"""Data paths: data named by a registered data store and a path in it, as the designer's parameters carry them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from restudio.core.errors import Kind, RestudioError

_URI = re.compile(r"azureml://datastores/(?P<store>[^/]+)/paths/(?P<path>.*)\Z", re.DOTALL)
_MOST = 1000


@dataclass(frozen=True, slots=True)
class DataPath:
    """A file, a folder, or files that match a pattern (``*``, ``?``, ``**`` over folders), relative to a store.

    >>> DataPath("lake", "churn/2031-w31").uri
    'azureml://datastores/lake/paths/churn/2031-w31'
    """

    store: str
    path: str

    @property
    def uri(self) -> str:
        """The text that stands for it where a data set may be named."""
        return f"azureml://datastores/{self.store}/paths/{self.path}"

    @property
    def is_pattern(self) -> bool:
        return any(sign in self.path for sign in "*?[")


def parse_data_path(text: str) -> DataPath | None:
    """The data path that a text stands for; None for any other text (a data set's id or name)."""
    found = _URI.match(text)
    return None if found is None else make_data_path(found["store"], found["path"])


def make_data_path(store: str, path: str) -> DataPath:
    """A data path from what people write: leading slashes and ``./`` do not matter.

    Error ``InvalidDataPath`` for one that would lead out of the store.
    """
    segments = [segment for segment in path.strip().split("/") if segment not in ("", ".")]
    if not store.strip() or ".." in segments or len(path) > _MOST or any(ord(c) < 32 for c in path):
        text = (
            f"A data path is the name of a data store and a path below it without '..', of at most {_MOST} characters; "
            f"got store '{store[:100]}', path '{path[:200]}'."
        )
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidDataPath", text, target=store[:100])
    return DataPath(store.strip(), "/".join(segments))
