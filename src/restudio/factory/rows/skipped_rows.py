"""The log of rows that a copy left out."""

from __future__ import annotations

import csv
from typing import IO

from restudio.factory.activity import ActivityContext
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import join
from restudio.factory.files.reach import reach_files
from restudio.factory.properties import Properties
from restudio.factory.rows.record import BadRecord

_HEADER = ("Timestamp", "Level", "OperationName", "OperationItem", "Message")
_SHOWN = 5


class SkippedRows:
    """Counts what is left out, and writes it down where the copy says so; refuses it where rows may not be left out."""

    def __init__(self, ctx: ActivityContext, p: Properties) -> None:
        self._ctx = ctx
        self._allowed = p.get("enableSkipIncompatibleRow") is True
        self._place = _log_place(p)
        self._path = ctx.scratch / "skipped-rows.csv"
        self._file: IO[str] | None = None
        self.count = 0

    def add(self, row: BadRecord, where: str) -> None:
        """Leave a row out, or fail."""
        if not self._allowed:
            raise ActivityFailed(
                "2200",
                "Failure happened on 'Sink' side. ErrorCode=UserErrorInvalidDataValue, "
                f"Row {row.number}{f' of {where}' if where else ''}: {row.reason}. Set enableSkipIncompatibleRow to "
                "leave such rows out.",
            )
        self.count += 1
        if self._place is not None:
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8", newline="")
                csv.writer(self._file).writerow(_HEADER)
            line = (
                self._ctx.now().isoformat(),
                "Warning",
                "TabularRowSkip",
                row.shown,
                f"Row {row.number}: {row.reason}",
            )
            csv.writer(self._file).writerow(line)
        elif self.count <= _SHOWN:
            self._ctx.report(f"Row {row.number} was left out: {row.reason}")

    def deliver(self) -> str | None:
        """Put the log where it belongs; its path, when there is one."""
        if self._file is None or self._place is None:
            return None
        self._file.close()
        reference, folder = self._place
        store = reach_files(self._ctx.linked_service(reference), self._ctx.platform, "Copy")
        path = join(folder, "copyactivity-logs", self._ctx.activity, self._ctx.activity_run_id, "skipped-rows.csv")
        store.write(path, self._path, self._ctx.is_cancelled, {})
        return path


def _log_place(p: Properties) -> tuple[object, str] | None:
    """Storage and folder of the log, in any of the forms in which documents give them."""
    log = p.object("logSettings")
    for place in (
        log.object("logLocationSettings"),
        p.object("redirectIncompatibleRowSettings"),
        p.object("logStorageSettings"),
    ):
        if place.get("linkedServiceName") is not None:
            return place["linkedServiceName"], str(place.get("path") or "")
    return None
