"""A worker process for the crash tests: ``durable_worker.py DATABASE_URL FOLDER KEY...``.

Submits the keys, then works until it is killed. It notes "begin KEY PID" and "end KEY PID" in ``FOLDER/log``; a key
that starts with "slow" ends only when ``FOLDER/go`` exists.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from restudio.storage.work import DbosWork


def main(url: str, folder: Path, keys: list[str]) -> None:
    def note(text: str) -> None:
        with (folder / "log").open("a") as log:
            log.write(f"{text} {os.getpid()}\n")

    def handle(key: str) -> None:
        note(f"begin {key}")
        while key.startswith("slow") and not (folder / "go").exists():
            time.sleep(0.02)
        note(f"end {key}")

    work = DbosWork(database_url=url, executor_id="worker")
    work.register("jobs", handle, limit=3)
    work.start()
    for key in keys:
        work.submit("jobs", key, partition="p")
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
