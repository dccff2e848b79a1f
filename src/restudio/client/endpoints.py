"""Endpoints of a web service over the classic management API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from restudio.client.connection import Connection
from restudio.client.types import Endpoint, Location


class Endpoints:
    """Add, list, patch, refresh, delete."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._root = f"/workspaces/{workspace}/webservices"

    def list(self, service: str) -> Sequence[Endpoint]:
        return self._connection.json("GET", f"{self._root}/{service}/endpoints", list[Endpoint])

    def get(self, service: str, name: str) -> Endpoint:
        return self._connection.json("GET", self._path(service, name), Endpoint)

    def add(self, service: str, name: str, *, description: str = "", max_concurrent_calls: int = 20) -> Endpoint:
        """Add an endpoint with a copy of the default endpoint's graph and models."""
        body = {
            "WebServiceId": service,
            "EndpointName": name,
            "Description": description,
            "ThrottleLevel": "High",
            "MaxConcurrentCalls": max_concurrent_calls,
        }
        self._connection.send("PUT", self._path(service, name), json=body)
        return self.get(service, name)

    def patch(self, service: str, name: str, resource: str, location: Location, *, dry_run: bool = False) -> Any:
        """Replace a model by the ``.ilearner`` at a location; the answer says what is now live.

        With ``dry_run`` everything is checked and nothing changes.
        """
        body = {"Resources": [{"Name": resource, "Location": location}]}
        params = {"dryRun": "true"} if dry_run else None
        answer = self._connection.send(
            "PATCH",
            self._path(service, name),
            content=msgspec.json.encode(body),
            params=params,
            headers={"Content-Type": "application/json"},
        )
        return msgspec.json.decode(answer.content) if answer.content else None

    def refresh(self, service: str, name: str, *, overwrite_resources: bool = False) -> bool:
        """Take over the default endpoint's graph (and models); False when there was nothing to do."""
        body = {"OverwriteResources": str(overwrite_resources)}
        return self._connection.send("POST", f"{self._path(service, name)}/refresh", json=body).status_code != 304

    def regenerate_key(self, service: str, name: str, key: str = "Primary") -> Endpoint:
        return self._connection.json(
            "POST", f"{self._path(service, name)}/regeneratekey", Endpoint, json={"KeyType": key}
        )

    def delete(self, service: str, name: str) -> None:
        self._connection.send("DELETE", self._path(service, name))

    def _path(self, service: str, name: str) -> str:
        return f"{self._root}/{service}/endpoints/{name}"
