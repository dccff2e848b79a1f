"""A version 1 pipeline over weekly slices, imported and followed with the command line, against a real server."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from azure.storage.blob import BlobServiceClient
from tests.acceptance.server import Server
from tests.wire.factory.conftest import Client


def documents(connection: str) -> list[dict[str, Any]]:
    def dataset(name: str, folder: str, **more: Any) -> dict[str, Any]:
        day = {"name": "day", "value": {"type": "DateTime", "date": "SliceStart", "format": "yyyyMMdd"}}
        place = {"folderPath": folder, "fileName": "{day}.csv", "partitionedBy": [day]}
        week = {"frequency": "Week", "interval": 1}
        properties = {"type": "AzureBlob", "linkedServiceName": "V1Lake", "typeProperties": place, "availability": week}
        return {"name": name, "type": "datasets", "properties": {**properties, **more}}

    def copy(name: str, source: str, sink: str) -> dict[str, Any]:
        what = {"source": {"type": "BlobSource"}, "sink": {"type": "BlobSink"}}
        return {
            "name": name,
            "type": "Copy",
            "inputs": [{"name": source}],
            "outputs": [{"name": sink}],
            "typeProperties": what,
        }

    lake = {"type": "AzureStorage", "typeProperties": {"connectionString": connection}}
    period = {"start": "2024-01-01T00:00:00Z", "end": "2024-01-29T00:00:00Z"}
    activities = [copy("second", "V1Middle", "V1Last"), copy("first", "V1Raw", "V1Middle")]
    return [
        {"name": "V1Lake", "type": "linkedservices", "properties": lake},
        dataset("V1Raw", "slices/raw", external=True),
        dataset("V1Middle", "slices/middle"),
        dataset("V1Last", "slices/last"),
        {"name": "Weeks", "type": "pipelines", "properties": {**period, "activities": activities}},
    ]


def test_slices_run_in_order_and_one_again(client: Client, server: Server, tmp_path: Path) -> None:
    def restudio(*arguments: str) -> Any:
        home = ("--home", str(server.home), "--json")
        command = [sys.executable, "-m", "restudio", "factory", *arguments, *home]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def states() -> dict[tuple[str, str], tuple[str, str, float]]:
        found = {}
        for each in restudio("slices", "list", "Weeks"):
            told = each["properties"]
            run = next(iter(each["triggeredPipelines"].values()), "")
            found[each["triggerName"], told["windowStartTime"]] = (told["State"], run, 0.0)
        return found

    def wait(reached: Any) -> Any:
        deadline = time.monotonic() + 90
        while not reached(found := states()):
            assert time.monotonic() < deadline, found
            time.sleep(1)
        return found

    connection = server.credentials.storage_connection_string
    blobs = BlobServiceClient.from_connection_string(connection)
    container = blobs.create_container("slices")
    for week in ("20240101", "20240108", "20240115", "20240122"):
        container.upload_blob(f"raw/{week}.csv", f"week\n{week}\n".encode())
    file = tmp_path / "weeks.json"
    file.write_text(json.dumps(documents(connection)))
    restudio("import", str(file))
    restudio("slices", "start", "Weeks")
    found = wait(lambda found: len(found) == 8 and {state for state, _, _ in found.values()} == {"Succeeded"})
    last = sorted(each.name for each in container.list_blobs(name_starts_with="last/"))
    assert last == [f"last/{week}.csv" for week in ("20240101", "20240108", "20240115", "20240122")]
    assert container.download_blob("last/20240115.csv").readall().decode().split() == ["week", "20240115"]
    runs = {key: client.sdk.pipeline_runs.get(*client.where, run) for key, (_, run, _) in found.items()}
    for activity in ("first", "second"):
        mine = sorted((run.run_start, start) for (name, start), run in runs.items() if name == f"Weeks - {activity}")
        assert [start.split("/")[1] for _, start in mine] == ["1", "8", "15", "22"]
    for (name, start), run in runs.items():
        if name == "Weeks - second":
            assert run.run_start >= runs["Weeks - first", start].run_end
    chosen = ("Weeks - first", "1/15/2024 12:00:00 AM")
    restudio("slices", "set", "Weeks", "first", chosen[1], "Waiting")
    again = wait(lambda now: now[chosen][0] == "Succeeded" and now[chosen][1] != found[chosen][1])
    assert {key for key in again if again[key][1] != found[key][1]} == {chosen}
    restudio("slices", "set", "Weeks", "second", chosen[1], "Skipped")
    assert states()["Weeks - second", chosen[1]][0] == "Cancelled"
    restudio("slices", "pause", "Weeks")
