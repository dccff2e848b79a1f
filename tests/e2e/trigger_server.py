"""A process that does nothing but fire triggers, for tests that run several and kill them."""

from __future__ import annotations

import sys
import threading

from tests.unit.triggers.recorder import Recorder

from restudio.storage.clock import SystemClock
from restudio.storage.db import open_database
from restudio.triggers.loop import TriggerLoop


def main(url: str) -> None:
    database = open_database(url)
    loop = TriggerLoop(database, SystemClock(), {"test": Recorder(database)})
    loop.start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
