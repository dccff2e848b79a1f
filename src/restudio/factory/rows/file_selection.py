"""Which files of a store a source means (Data Factory reference, 6.1.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from restudio.blobs.outgoing import IsCancelled
from restudio.factory.dataset import FileData
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import FileInfo, join, not_found
from restudio.factory.properties import Json, Properties
from restudio.factory.rows.conversion import read_instant

_WILD = re.compile(r"[*?]")
_MAX_LIST = 16 << 20


@dataclass(frozen=True, slots=True)
class Selected:
    """``relative`` is the path below the folder that was asked for."""

    file: FileInfo
    relative: str


@dataclass(frozen=True, slots=True)
class Window:
    """Change times from ``start``, before ``end``."""

    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def of(cls, *places: Properties) -> Window:
        """From the first place that says something."""

        def moment(name: str) -> datetime | None:
            given = next((p[name] for p in places if p.get(name)), None)
            return None if given is None else _moment(given, name)

        return cls(moment("modifiedDatetimeStart"), moment("modifiedDatetimeEnd"))

    def holds(self, file: FileInfo) -> bool:
        if file.modified is None:
            return True
        return (self.start is None or file.modified >= self.start) and (self.end is None or file.modified < self.end)


def select_files(data: FileData, settings: Properties, is_cancelled: IsCancelled) -> list[Selected]:
    """The files, in name order. ``settings`` are ``storeSettings``, or a legacy source itself. A file or folder that is
    asked for and not there fails; one that is outside the time window is left out."""
    window = Window.of(settings, data.dataset.properties)
    found = list(_candidates(data, settings, is_cancelled))
    if not found and (data.name or settings.get("wildcardFileName") or data.store.find_folder(data.folder) is None):
        raise not_found(data.path)
    return [each for each in found if window.holds(each.file)]


def _candidates(data: FileData, settings: Properties, is_cancelled: IsCancelled) -> Iterator[Selected]:
    recursive = settings.get("recursive") is not False
    folder_pattern, name_pattern = settings.get("wildcardFolderPath"), settings.get("wildcardFileName")
    name_pattern = name_pattern or data.dataset.properties.get("fileFilter") or settings.get("fileFilter")
    if not name_pattern and _WILD.search(data.name):
        name_pattern = data.name
    if settings.get("fileListPath"):
        yield from _listed(data, str(settings["fileListPath"]), is_cancelled)
    elif folder_pattern or name_pattern:
        yield from _matching(data, str(folder_pattern or ""), str(name_pattern or "*"), recursive=recursive)
    elif settings.get("prefix"):
        container = data.folder.partition("/")[0]
        for file in data.store.iter_files(container, recursive=recursive, prefix=str(settings["prefix"])):
            yield Selected(file, file.path.removeprefix(f"{container}/"))
    elif data.name:
        single = data.store.find_file(data.path)
        if single is not None:
            yield Selected(single, single.name)
    else:
        for file in data.store.iter_files(data.folder, recursive=recursive):
            yield Selected(file, below(data.folder, file.path))


def _matching(data: FileData, folder_pattern: str, name_pattern: str, *, recursive: bool) -> Iterator[Selected]:
    container, _, _ = data.folder.partition("/")
    is_blob = bool(container) and data.dataset.properties.object("location").get("container") is not None
    root = container if is_blob else ""
    pattern = join(root, folder_pattern) if folder_pattern else data.folder
    fixed, steps = [], pattern.split("/") if pattern else []
    while steps and not (folder_pattern and _WILD.search(steps[0])):
        fixed.append(steps.pop(0))
    base = "/".join(fixed)
    wanted = (
        "".join(f"{wildcard(step)}/" for step in steps) + ("(?:.*/)?" if recursive else "") + wildcard(name_pattern)
    )
    expression = re.compile(wanted)
    deep = recursive or bool(steps)
    for file in data.store.iter_files(base, recursive=deep):
        relative = below(base, file.path)
        if expression.fullmatch(relative):
            yield Selected(file, relative)


def _listed(data: FileData, path: str, is_cancelled: IsCancelled) -> Iterator[Selected]:
    text = bytearray()
    for chunk in data.store.read(path.strip("/"), is_cancelled):
        text += chunk
        if len(text) > _MAX_LIST:
            raise ActivityFailed("2200", f"The list of files '{path}' has more than {_MAX_LIST} bytes.")
    for line in text.decode("utf-8-sig").splitlines():
        name = line.strip()
        if name:
            file = data.store.find_file(join(data.folder, name))
            if file is None:
                raise not_found(join(data.folder, name))
            yield Selected(file, name.strip("/"))


def wildcard(text: str) -> str:
    """The regular expression of ``*`` and ``?`` within one path segment.

    >>> bool(re.fullmatch(wildcard("*.c?v"), "a.csv")), bool(re.fullmatch(wildcard("*"), "a/b"))
    (True, False)
    """
    return "".join({"*": "[^/]*", "?": "[^/]"}.get(letter, re.escape(letter)) for letter in text)


def below(folder: str, path: str) -> str:
    """The rest of a path after a folder."""
    return path.removeprefix(folder.strip("/") + "/") if folder.strip("/") else path


def _moment(given: Json, name: str) -> datetime:
    try:
        found = read_instant(str(given))
    except ValueError as cause:
        raise ActivityFailed.wrong_type(name, "datetime") from cause
    return found if found.tzinfo else found.replace(tzinfo=UTC)
