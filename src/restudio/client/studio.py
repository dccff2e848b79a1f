"""Experiments, runs, assets, services: the nouns of the studio API, one small class each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from restudio.client.connection import CHUNK, Connection
from restudio.client.types import (
    ENDED,
    Asset,
    Checked,
    Experiment,
    Imported,
    Job,
    ModuleInfo,
    Preview,
    Revision,
    Rewritten,
    Run,
    Service,
)


class Experiments:
    """Saved experiments as documents."""

    def __init__(self, connection: Connection, root: str) -> None:
        self._connection = connection
        self._root = f"{root}/experiments"

    def list(self) -> Sequence[Experiment]:
        return self._connection.json("GET", self._root, list[Experiment])

    def get(self, experiment: str) -> Experiment:
        return self._connection.json("GET", f"{self._root}/{experiment}", Experiment)

    def import_yaml(self, text: str, *, experiment: str | None = None) -> Experiment:
        """Save a document as a new experiment, or as the next version of an existing one."""
        method, path = ("PUT", f"{self._root}/{experiment}") if experiment else ("POST", self._root)
        return self._connection.json(
            method, path, Experiment, content=text.encode(), headers={"Content-Type": "application/yaml"}
        )

    def import_classic(self, text: str) -> Imported:
        """Save the JSON of a classic experiment, a bare graph, or an ARM web-service definition."""
        return self._connection.json(
            "POST",
            f"{self._root}/classic",
            Imported,
            content=text.encode(),
            headers={"Content-Type": "application/json"},
        )

    def export_yaml(self, experiment: str, version: int | None = None) -> str:
        """A version as a file, by default the current one."""
        query = "" if version is None else f"?version={version}"
        return self._connection.text(f"{self._root}/{experiment}/yaml{query}")

    def versions(self, experiment: str) -> Sequence[Experiment]:
        """All versions, oldest first."""
        return self._connection.json("GET", f"{self._root}/{experiment}/versions", list[Experiment])

    def check(self, experiment: str) -> Checked:
        """What is wrong with an experiment, and the columns at its ports, without running it."""
        return self._connection.json("GET", f"{self._root}/{experiment}/check", Checked)

    def check_yaml(self, text: str) -> Checked:
        """As :meth:`check`, for an experiment file that is not kept."""
        return self._connection.json("POST", f"{self._root}/check", Checked, content=text.encode())

    def run(self, experiment: str) -> Run:
        """Start a run; see :meth:`Runs.wait`."""
        return self._connection.json("POST", f"{self._root}/{experiment}/runs", Run)

    def set_up_retraining(self, experiment: str) -> Rewritten:
        """Give a training experiment the ports of a retraining web service."""
        return self._connection.json("POST", f"{self._root}/{experiment}/set-up-retraining", Rewritten)

    def runs(self, experiment: str) -> Sequence[Run]:
        """Its runs, newest first, without their nodes."""
        return self._connection.json("GET", f"{self._root}/{experiment}/runs", list[Run])


class Runs:
    """Executions of experiments."""

    def __init__(self, connection: Connection, root: str) -> None:
        self._connection = connection
        self._root = f"{root}/runs"

    def get(self, run: str) -> Run:
        return self._connection.json("GET", f"{self._root}/{run}", Run)

    def export_yaml(self, run: str) -> str:
        """What a run did, as an experiment file."""
        return self._connection.text(f"{self._root}/{run}/yaml")

    def cancel(self, run: str) -> None:
        self._connection.send("POST", f"{self._root}/{run}/cancel")

    def wait(
        self, run: str, on_change: Callable[[Run], None] | None = None, *, timeout: float = 3600.0, pause: float = 0.2
    ) -> Run:
        """Poll until the run has ended, telling each picture of it. ``TimeoutError`` after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            view = self.get(run)
            if on_change is not None:
                on_change(view)
            if view.state in ENDED:
                return view
            if time.monotonic() > deadline:
                raise TimeoutError(f"run {run} is still {view.state} after {timeout:.0f} s")
            time.sleep(pause)

    def preview(self, run: str, node: str, port: str, *, rows: int = 100) -> Preview:
        """The first rows of a table at an output port."""
        return self._connection.json("GET", self._output(run, node, port), Preview, params={"rows": rows})

    def statistics(self, run: str, node: str, port: str) -> dict[str, object]:
        """Counts, moments, quantiles, histogram and box plot of every column of a table output."""
        return self._connection.json("GET", f"{self._output(run, node, port)}/statistics", dict[str, object])

    def view(self, run: str, node: str, port: str) -> dict[str, object]:
        """What an output shows beside its table: curves and tables of an evaluation, names of images of a script."""
        return self._connection.json("GET", f"{self._output(run, node, port)}/view", dict[str, object])

    def image(self, run: str, node: str, port: str, name: str, target: Path) -> int:
        """An image that a script drew."""
        return self._connection.download(f"{self._output(run, node, port)}/images/{_segment(name)}", target)

    def download(self, run: str, node: str, port: str, target: Path) -> int:
        """The whole output: a table as CSV, a model or transform as its container."""
        return self._connection.download(f"{self._output(run, node, port)}/content", target)

    def promote(self, run: str, node: str, port: str, *, kind: str, name: str, family: str | None = None) -> Asset:
        """Save an output as a dataset, model or transform; with ``family`` as its next version."""
        body = {"node": node, "port": port, "kind": kind, "name": name, "family": family}
        return self._connection.json("POST", f"{self._root}/{run}/promote", Asset, json=body)

    def set_up_web_service(self, run: str, *, train: str | None = None, fresh: bool = False) -> Rewritten:
        """Turn the run's training experiment into a predictive experiment, or bring the one that is there up to date.

        ``train`` names the node whose model is served, where several train one; ``fresh`` makes a new experiment.
        """
        body = {"train": train, "fresh": fresh}
        return self._connection.json("POST", f"{self._root}/{run}/web-service", Rewritten, json=body)

    def _output(self, run: str, node: str, port: str) -> str:
        return f"{self._root}/{run}/outputs/{_segment(node)}/{_segment(port)}"


class Assets:
    """Datasets, models or transforms: ``kind`` is the plural in the address."""

    def __init__(self, connection: Connection, root: str, kind: str) -> None:
        self._connection = connection
        self._root = f"{root}/{kind}"

    def list(self) -> Sequence[Asset]:
        """The newest version of each."""
        return self._connection.json("GET", self._root, list[Asset])

    def get(self, asset: str) -> Asset:
        return self._connection.json("GET", f"{self._root}/{asset}", Asset)

    def upload(
        self, path: Path, *, name: str | None = None, data_type_id: str | None = None, family: str | None = None
    ) -> Asset:
        """Send a local file; name and type default to those of the file."""
        params = {"name": name or path.name, "data_type_id": data_type_id, "family": family}
        return self._connection.json("POST", self._root, Asset, content=_chunks(path), params=params)

    def upload_bytes(self, data: bytes, name: str, data_type_id: str, *, family: str | None = None) -> Asset:
        """As :meth:`upload`, for content in memory."""
        params = {"name": name, "data_type_id": data_type_id, "family": family}
        return self._connection.json("POST", self._root, Asset, content=data, params=params)

    def download(self, asset: str, target: Path) -> int:
        return self._connection.download(f"{self._root}/{asset}/content", target)


class Services:
    """Web services: publishing and approval, and what only Restudio knows of endpoints."""

    def __init__(self, connection: Connection, root: str) -> None:
        self._connection = connection
        self._root = f"{root}/services"

    def list(self) -> Sequence[Service]:
        return self._connection.json("GET", self._root, list[Service])

    def get(self, service: str) -> Service:
        return self._connection.json("GET", f"{self._root}/{service}", Service)

    def publish(self, experiment: str, *, name: str | None = None, service: str | None = None) -> Service:
        """Publish an experiment to staging: a new service, or the next version of ``service``."""
        body = {"experiment_id": experiment, "name": name, "service_id": service}
        return self._connection.json("POST", self._root, Service, json=body)

    def mark_ready(self, service: str) -> Service:
        """Say that the staged version is tested."""
        return self._connection.json("POST", f"{self._root}/{service}/ready", Service)

    def approve(self, service: str) -> Service:
        """Put the ready version into production; needs the permission to deploy."""
        return self._connection.json("POST", f"{self._root}/{service}/approve", Service)

    def ledger(self, service: str, endpoint: str) -> Sequence[Revision]:
        """Revisions of an endpoint, newest first."""
        return self._connection.json("GET", f"{self._root}/{service}/endpoints/{endpoint}/ledger", list[Revision])

    def rollback(self, service: str, endpoint: str, revision: str | None = None) -> Revision:
        """Make an earlier revision live again: the one before by default."""
        path = f"{self._root}/{service}/endpoints/{endpoint}/rollback"
        return self._connection.json("POST", path, Revision, json={"revision": revision})


class Jobs:
    """Batch jobs of all services of the workspace."""

    def __init__(self, connection: Connection, root: str) -> None:
        self._connection = connection
        self._root = f"{root}/jobs"

    def list(self) -> Sequence[Job]:
        """Newest first."""
        return self._connection.json("GET", self._root, list[Job])

    def get(self, job: str) -> Job:
        return self._connection.json("GET", f"{self._root}/{job}", Job)


class Modules:
    """The catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> Sequence[ModuleInfo]:
        return self._connection.json("GET", "/studio/api/modules", list[ModuleInfo])


def _segment(text: str) -> str:
    return quote(text, safe="")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
