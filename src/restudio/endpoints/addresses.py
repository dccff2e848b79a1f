"""Absolute addresses of services and endpoints, built from the public base URL."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.endpoints.types import Endpoint


@dataclass(frozen=True, slots=True)
class Addresses:
    """``base_url`` without a trailing slash."""

    base_url: str

    def service(self, workspace_id: str, service_id: str) -> str:
        """Where the service is managed."""
        return f"{self.base_url}/workspaces/{workspace_id}/webservices/{service_id}"

    def experiment(self, workspace_id: str, experiment_id: str) -> str:
        """Where the experiment that a service was made from is read."""
        return f"{self.base_url}/studio/api/workspaces/{workspace_id}/experiments/{experiment_id}"

    def update(self, endpoint: Endpoint) -> str:
        """Where the endpoint is read, patched and deleted; ends in its name."""
        return f"{self.service(endpoint.workspace_id, endpoint.service_id)}/endpoints/{endpoint.name}"

    def api(self, endpoint: Endpoint) -> str:
        """``ApiLocation``: clients append ``/execute?…`` and ``/jobs?…``; ends in the endpoint's id."""
        return f"{self.base_url}/workspaces/{endpoint.workspace_id}/services/{endpoint.id}"

    def designer(self, endpoint: Endpoint) -> str:
        """The scoring address that the designer shows: rows as objects, in and out."""
        return f"{self.base_url}/api/v1/service/{endpoint.id}/score"

    def help(self, endpoint: Endpoint) -> str:
        """``HelpLocation``: clients append ``/score`` and others and read the ids; ends in the endpoint's id."""
        path = f"workspaces/{endpoint.workspace_id}/webservices/{endpoint.service_id}/endpoints/{endpoint.id}"
        return f"{self.base_url}/apihelp/{path}"
