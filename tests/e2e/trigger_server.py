"""A process that does nothing but fire triggers, for tests that run several and kill them."""

from __future__ import annotations

import threading
from multiprocessing.connection import Connection

from tests.unit.triggers.recorder import Recorder

from restudio.storage.clock import SystemClock
from restudio.storage.db import open_database
from restudio.triggers.loop import TriggerLoop


def main(url: str, ready: Connection) -> None:
    """Fire the triggers of a database until killed; tells ``ready`` when that begins."""
    database = open_database(url)
    loop = TriggerLoop(database, SystemClock(), {"test": Recorder(database)})
    loop.start()
    ready.send("ready")
    threading.Event().wait()
