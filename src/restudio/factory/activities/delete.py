"""Delete: files and folders (Data Factory reference, 6.4)."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.dataset import FileData, open_dataset, unsupported
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import FileInfo, FileStore, join
from restudio.factory.files.reach import reach_files
from restudio.factory.properties import Json, Properties
from restudio.factory.rows.file_selection import Window, select_files

TYPE = "Delete"


@activity(
    type=TYPE,
    properties=(
        Property("dataset", "reference", required=True, help="A file or a folder."),
        Property("recursive", "bool", help="Folders: everything below, not only the files directly in it; `false`."),
        Property("maxConcurrentConnections", "int", default=1, help="Not used."),
        Property("enableLogging", "bool", default=False, help="Write a log of what was deleted."),
        Property("logStorageSettings", "object", help="`{linkedServiceName, path}` of the log."),
        Property("storeSettings", "object", help="`recursive`, wildcards, window of change times."),
    ),
)
def delete(p: Properties, ctx: ActivityContext) -> Output:
    """Deletes a file, or the files of a folder. What is not there is no failure: the activity may be done again after a
    crash."""
    begun = ctx.platform.clock.monotonic()
    data = open_dataset(ctx.dataset(p["dataset"]), ctx.platform, TYPE)
    if not isinstance(data, FileData):
        raise unsupported(data.dataset, TYPE)
    settings = p.object("storeSettings")
    given = p.get("recursive") if p.get("recursive") is not None else settings.get("recursive")
    recursive = given is True
    chosen = Properties({**dict(settings), "recursive": recursive})
    log = _Log(ctx, p)
    count = 0
    for file in list(_chosen(data, chosen, ctx)):
        ctx.pause(0)
        data.store.delete(file.path)
        log.add(file)
        count += 1
    if recursive and not data.name and not Window.of(settings).start and not _is_wild(settings):
        _delete_folders(data.store, data.folder)
    told: dict[str, Json] = {
        "datasetName": data.dataset.name,
        "type": data.dataset.type,
        "prefix": data.path,
        "recursive": recursive,
        "isWildcardUsed": _is_wild(settings),
        "maxConcurrentConnections": p.get("maxConcurrentConnections"),
        "filesDeleted": count,
        "effectiveIntegrationRuntime": "Restudio",
        "executionDuration": round(ctx.platform.clock.monotonic() - begun),
    }
    path = log.deliver()
    return {**told, "logPath": path} if path else told


def _chosen(data: FileData, settings: Properties, ctx: ActivityContext) -> Iterator[FileInfo]:
    try:
        for each in select_files(data, settings, ctx.is_cancelled):
            yield each.file
    except ActivityFailed as error:
        if "UserErrorFileNotFound" not in error.message:
            raise


def _is_wild(settings: Properties) -> bool:
    return bool(settings.get("wildcardFileName") or settings.get("wildcardFolderPath"))


def _delete_folders(store: FileStore, folder: str) -> None:
    """Empty folders, the deepest first."""
    for name in list(store.iter_folders(folder)):
        _delete_folders(store, join(folder, name))
    store.delete_folder(folder)


class _Log:
    """Columns Name, Category, Status, Error."""

    def __init__(self, ctx: ActivityContext, p: Properties) -> None:
        self._ctx = ctx
        self._settings = p.object("logStorageSettings")
        self._enabled = p.get("enableLogging") is True
        self._rows: list[tuple[str, ...]] = [("Name", "Category", "Status", "Error")]
        if self._enabled and self._settings.get("linkedServiceName") is None:
            raise ActivityFailed.missing("logStorageSettings.linkedServiceName")

    def add(self, file: FileInfo) -> None:
        if self._enabled:
            self._rows.append((file.path, "File", "Deleted", ""))

    def deliver(self) -> str | None:
        if not self._enabled:
            return None
        local = self._ctx.scratch / "deleted.csv"
        with local.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(self._rows)
        service = self._ctx.linked_service(self._settings["linkedServiceName"])
        store = reach_files(service, self._ctx.platform, TYPE)
        folder = str(self._settings.get("path") or "")
        path = join(folder, f"{self._ctx.activity}-{self._ctx.activity_run_id}.csv")
        store.write(path, local, self._ctx.is_cancelled, {})
        return path
