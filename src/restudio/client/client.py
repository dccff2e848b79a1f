"""The client: one object for one workspace of one server."""

from __future__ import annotations

from pathlib import Path

import msgspec

from restudio.client.access import Access
from restudio.client.connection import Connection
from restudio.client.credentials import read_credentials
from restudio.client.endpoints import Endpoints
from restudio.client.factories import Factory
from restudio.client.members import Members
from restudio.client.pipelines import (
    DataStores,
    Drafts,
    PipelineEndpoints,
    PipelineRuns,
    Published,
    Schedules,
    pipelines_base,
)
from restudio.client.programs import Programs
from restudio.client.studio import Assets, Experiments, Jobs, Modules, Runs, Services
from restudio.client.types import Workspace


class Client:
    """Nouns as attributes:

        client = Client.from_home(Path("home"))
        run = client.runs.wait(client.experiments.run(experiment.id).id)

    ``token`` is the workspace token, or a session token from :func:`log_in`.
    """

    def __init__(self, url: str, workspace: str, token: str, *, timeout: float = 120.0) -> None:
        self.url = url.rstrip("/")
        self.workspace = workspace
        self.connection = Connection(url, token, timeout=timeout)
        root, base = f"/studio/api/workspaces/{workspace}", pipelines_base(workspace)
        self.experiments = Experiments(self.connection, root)
        self.runs = Runs(self.connection, root)
        self.datasets = Assets(self.connection, root, "datasets")
        self.models = Assets(self.connection, root, "models")
        self.transforms = Assets(self.connection, root, "transforms")
        self.services = Services(self.connection, root)
        self.jobs = Jobs(self.connection, root)
        self.members = Members(self.connection, root)
        self.access = Access(self.connection, root)
        self.programs = Programs(self.connection, root)
        self.modules = Modules(self.connection)
        self.endpoints = Endpoints(self.connection, workspace)
        self.drafts = Drafts(self.connection, root, base)
        self.published = Published(self.connection, root, base)
        self.pipeline_endpoints = PipelineEndpoints(self.connection, root, base)
        self.pipeline_runs = PipelineRuns(self.connection, root, base)
        self.data_stores = DataStores(self.connection, root, base)
        self.schedules = Schedules(self.connection, root, base)

    def factory(self, name: str = "restudio-factory", resource_group: str = "restudio") -> Factory:
        """A data factory of the workspace, by default the one that every new home has."""
        return Factory(self.connection, self.workspace, resource_group, name)

    @classmethod
    def from_home(cls, home: Path) -> Client:
        """By the ``credentials.json`` of a home folder."""
        found = read_credentials(home)
        return cls(found.url, found.workspace_id, found.workspace_token)

    def close(self) -> None:
        self.connection.close()


class Session(msgspec.Struct, frozen=True):
    """A person's session: the token, and the workspaces it opens."""

    token: str
    workspaces: list[Workspace]


def log_in(url: str, user: str, password: str) -> Session:
    """Exchange a password for a session token."""
    with Connection(url) as connection:
        return connection.json("POST", "/studio/api/login", Session, json={"user": user, "password": password})
