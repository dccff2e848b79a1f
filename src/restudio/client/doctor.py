"""The checks of the retraining troubleshooting guide: takes an address, tells what is wrong and what to do.

The usual mistakes, most common first: the address of the training service instead of the predictive one, a wrong
resource name, an expired SAS, the default endpoint, a key of another endpoint, another workspace or location.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from restudio.client.address import WORDS, Address, parse_address
from restudio.client.connection import Connection, ServerError, Unreachable
from restudio.client.types import Endpoint
from restudio.core.errors import nearest

Level = Literal["good", "note", "wrong"]


class Finding(msgspec.Struct, frozen=True):
    """One result: ``todo`` says what to do about it, empty when nothing is."""

    level: Level
    text: str
    todo: str = ""


class _Service(msgspec.Struct, rename="pascal"):
    id: str
    name: str


class _Health(msgspec.Struct):
    failing_endpoints: dict[str, str] = {}


class Doctor:
    """Examines one address. ``token`` is a workspace token, ``key`` an endpoint's key, ``resource`` a model's name.

    ``home_url`` and ``home_workspace`` are those of the credentials at hand: an address of another place is noticed.
    Nothing is changed on the server.
    """

    def __init__(
        self,
        *,
        token: str | None = None,
        key: str | None = None,
        resource: str | None = None,
        home_url: str | None = None,
        home_workspace: str | None = None,
        now: dt.datetime | None = None,
    ) -> None:
        self._token = token
        self._key = key
        self._resource = resource
        self._home_url = home_url
        self._home_workspace = home_workspace
        self._now = now or dt.datetime.now(dt.UTC)
        self._open = ExitStack()
        self._failing: dict[str, str] = {}

    def examine(self, url: str) -> list[Finding]:
        """All findings, in the order in which one would mend them."""
        address = parse_address(url)
        found = [Finding("wrong" if address.kind == "unknown" else "good", f"This is {WORDS[address.kind]}.")]
        if address.kind == "unknown":
            todo = "Copy the address from the help page of the endpoint (restudio services show ID)."
            return [msgspec.structs.replace(found[0], todo=todo)]
        with self._open:
            found.extend(self._examine(address, url))
        return found

    def _examine(self, address: Address, url: str) -> Iterator[Finding]:
        try:
            yield from self._place(address)
            if address.is_cloud:
                return
            yield from self._alive(address)
            checks = {
                "scoring": self._scoring,
                "jobs": self._scoring,
                "swagger": self._scoring,
                "endpoint": self._endpoint,
                "help": self._endpoint,
                "service": self._service,
                "blob": self._blob,
            }
            if address.kind in checks:
                yield from checks[address.kind](address, url)
        except Unreachable as error:
            yield Finding("wrong", error.message, "Start the server, or mend host and port.")

    def _token_for(self, address: Address) -> str | None:
        """The workspace token, only for the server that it belongs to: a foreign address must not harvest it."""
        at_home = self._home_url is None or urlsplit(self._home_url).netloc == urlsplit(address.base).netloc
        return self._token if at_home else None

    def _connect(self, base: str, credential: str | None = None) -> Connection:
        return self._open.enter_context(Connection(base, credential, timeout=10))

    # --- place ----------------------------------------------------------------------------------------------------

    def _place(self, address: Address) -> Iterator[Finding]:
        if address.is_cloud:
            here = self._home_url or "your own server's base address"
            yield Finding("wrong", f"{address.base} is the cloud service, which is retired.", f"Replace it by {here}.")
        elif self._home_url and urlsplit(self._home_url).netloc != urlsplit(address.base).netloc:
            yield Finding(
                "note",
                f"The address is on {address.base}, your credentials are for {self._home_url}.",
                "Use the address of the location where the service was published.",
            )
        workspace = address.parts.get("workspace")
        if workspace and self._home_workspace and workspace != self._home_workspace:
            yield Finding(
                "wrong",
                f"The address names workspace {workspace}, your credentials are for {self._home_workspace}.",
                "Take service and key from one and the same workspace.",
            )

    def _alive(self, address: Address) -> Iterator[Finding]:
        try:
            health = self._connect(address.base).json("GET", "/health/ready", _Health)
            yield Finding("good", f"The server at {address.base} is ready.")
            self._failing = health.failing_endpoints
        except ServerError as error:
            yield Finding("wrong", f"The server at {address.base} is not ready: {error.message}", "Look at its log.")

    def _serves(self, endpoint_id: str) -> Iterator[Finding]:
        if endpoint_id in self._failing:
            yield Finding(
                "wrong",
                f"The server could not put the endpoint's live revision to work: {self._failing[endpoint_id]}",
                "Roll back to the revision before (restudio rollback), or PATCH a model that fits.",
            )

    # --- management -----------------------------------------------------------------------------------------------

    def _service(self, address: Address, url: str) -> Iterator[Finding]:
        endpoints = self._endpoints_of(address)
        if isinstance(endpoints, Finding):
            yield endpoints
            return
        names = [e.name for e in endpoints if e.name != "default"]
        listed = ", ".join(names) or "none"
        yield Finding(
            "note",
            f"A PATCH goes to one endpoint, not to the service. Endpoints that can be updated: {listed}.",
            "Append /endpoints/NAME." if names else "Add an endpoint first: restudio endpoints add SERVICE NAME.",
        )

    def _endpoint(self, address: Address, url: str) -> Iterator[Finding]:
        endpoints = self._endpoints_of(address)
        if isinstance(endpoints, Finding):
            yield endpoints
            return
        wanted = address.parts["endpoint"]
        endpoint = next((e for e in endpoints if wanted in (e.name, e.id)), None)
        if endpoint is None:
            known = nearest(wanted, [e.name for e in endpoints])
            yield Finding("wrong", f"The service has no endpoint '{wanted}'.{known}", "Use one of its endpoints.")
            return
        yield Finding("good", f"Endpoint '{endpoint.name}' exists.")
        yield from self._serves(endpoint.id)
        yield from self._updatable(address, endpoint, endpoints)
        yield from self._key_fits(endpoint, endpoints)

    def _updatable(self, address: Address, endpoint: Endpoint, endpoints: list[Endpoint]) -> Iterator[Finding]:
        root = f"{address.base}/workspaces/{endpoint.workspace_id}/webservices/{endpoint.web_service_id}/endpoints"
        if not endpoint.resources and not any(e.resources for e in endpoints):
            yield Finding(
                "wrong",
                "The service has nothing that can be updated: it is a training service or holds no trained model.",
                "PATCH the predictive service that was made from the same experiment; see `restudio services list`.",
            )
            return
        if endpoint.name == "default":
            others = [e.name for e in endpoints if e.name != "default"]
            yield Finding(
                "wrong",
                "The default endpoint cannot be updated: it follows the predictive experiment.",
                f"PATCH {root}/{others[0]}." if others else f"Add an endpoint: PUT {root}/NAME, and PATCH that one.",
            )
        else:
            yield Finding("good", f"A PATCH goes to {root}/{endpoint.name}.")
        if endpoint.prevent_update:
            yield Finding("wrong", "The endpoint refuses updates (PreventUpdate).", "Use another endpoint.")
        names = [r.name for r in endpoint.resources]
        if self._resource is None:
            yield Finding("note", f"Resource names that a PATCH may use: {', '.join(map(repr, names))}.")
        elif self._resource in names:
            yield Finding("good", f"Resource '{self._resource}' exists.")
        else:
            yield Finding(
                "wrong",
                f"There is no resource '{self._resource}'.{nearest(self._resource, names)}",
                "Use the name exactly as the Update Resource page shows it.",
            )

    def _endpoints_of(self, address: Address) -> list[Endpoint] | Finding:
        """The endpoints of the address's service, or why they cannot be had."""
        token = self._token_for(address)
        if token is None:
            return Finding("note", "Without a workspace token only the path could be looked at.", "Give --token.")
        connection = self._connect(address.base, token)
        root = f"/workspaces/{address.parts['workspace']}/webservices"
        service = address.parts["service"]
        try:
            return connection.json("GET", f"{root}/{service}/endpoints", list[Endpoint])
        except ServerError as error:
            if error.status in (401, 403):
                return Finding(
                    "wrong", "The workspace token is not valid for this workspace.", "Take it from credentials.json."
                )
            if error.detail == "WorkspaceNotFound":
                return Finding("wrong", error.message, "Check workspace and location in the address.")
            return self._unknown_service(connection, root, service, error)

    def _unknown_service(self, connection: Connection, root: str, service: str, error: ServerError) -> Finding:
        services = connection.json("GET", root, list[_Service])
        for known in services:
            endpoints = connection.json("GET", f"{root}/{known.id}/endpoints", list[Endpoint])
            match = next((e for e in endpoints if e.id == service), None)
            if match is not None:
                return Finding(
                    "wrong",
                    f"{service} is the id of endpoint '{match.name}', not of a web service.",
                    f"Use {connection.url}{root}/{known.id}/endpoints/{match.name}.",
                )
        listed = ", ".join(f"{s.name} ({s.id})" for s in services) or "none"
        return Finding("wrong", error.message, f"Services of this workspace: {listed}.")

    # --- scoring --------------------------------------------------------------------------------------------------

    def _scoring(self, address: Address, url: str) -> Iterator[Finding]:
        root = f"/workspaces/{address.parts['workspace']}/services/{address.parts['endpoint']}"
        try:
            self._connect(address.base).send("GET", f"{root}/swagger.json")
        except ServerError as error:
            yield Finding("wrong", error.message, self._scoring_hint(address))
            return
        yield Finding("good", "The endpoint exists.")
        yield from self._serves(address.parts["endpoint"])
        if self._key is None:
            yield Finding("note", "The key was not checked.", "Give --key.")
            return
        yield from self._key_works(address.base + root)

    def _scoring_hint(self, address: Address) -> str:
        token = self._token_for(address)
        if token is None:
            return "Compare the id with the help page: it is the endpoint's id, not the service's."
        try:
            connection = self._connect(address.base, token)
            root = f"/workspaces/{address.parts['workspace']}/webservices/{address.parts['endpoint']}"
            endpoints = connection.json("GET", f"{root}/endpoints", list[Endpoint])
        except ServerError:
            return "Compare the id with the help page of the endpoint (restudio services list)."
        return f"This is the id of a web service; score at {endpoints[0].api_location}/execute."

    def _key_fits(self, endpoint: Endpoint, endpoints: list[Endpoint]) -> Iterator[Finding]:
        if self._key is None:
            return
        if self._key in (endpoint.primary_key, endpoint.secondary_key):
            yield Finding("good", "The key belongs to this endpoint.")
            return
        owner = next((e.name for e in endpoints if self._key in (e.primary_key, e.secondary_key)), None)
        what = f"The key belongs to endpoint '{owner}'." if owner else "The key belongs to no endpoint of this service."
        yield Finding("wrong", what, f"Use the primary or secondary key of '{endpoint.name}'.")

    def _key_works(self, root: str) -> Iterator[Finding]:
        # A job that cannot exist: with a good key it is not found, with a bad one nobody looks.
        try:
            self._connect(root, self._key).send("GET", f"/jobs/{'0' * 32}?api-version=2.0")
        except ServerError as error:
            if error.status == 401:
                yield Finding("wrong", "The key is not valid for this endpoint.", "Take it from the endpoint's page.")
                return
        yield Finding("good", "The key is valid.")

    # --- blobs ----------------------------------------------------------------------------------------------------

    def _blob(self, address: Address, url: str) -> Iterator[Finding]:
        if not address.parts["blob"].lower().endswith(".ilearner"):
            yield Finding("note", "It is not called .ilearner; only such blobs can be patched into an endpoint.")
        expiry = address.query.get("se")
        if "sig" not in address.query:
            yield Finding("wrong", "The address carries no SAS.", "Append the SasBlobToken of the job's result.")
        elif expiry and _parse_time(expiry) < self._now:
            yield Finding("wrong", f"The SAS expired at {expiry}.", "GET the job's status again: it renews the SAS.")
            return
        try:
            self._connect(address.base).send("HEAD", url)
            yield Finding("good", "The blob can be read.")
        except ServerError as error:
            yield Finding("wrong", f"The blob cannot be read ({error.status}).", "Check path and SAS, copied whole.")


def _parse_time(text: str) -> dt.datetime:
    """An ISO time; what is none counts as long ago."""
    try:
        parsed = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return dt.datetime.min.replace(tzinfo=dt.UTC)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)
