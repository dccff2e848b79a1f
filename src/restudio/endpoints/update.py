"""PATCH of an endpoint: new models are fetched, checked and judged, then go live in one step.

Nothing is written before everything was found good. The same patch twice gives one revision, because what is compared
is the content of the resulting state. Others may have changed the endpoint between the two: a caller who has to send a
request again, not knowing what became of it, gives it a key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock

import sqlalchemy as sa

from restudio.artifacts.values import Model
from restudio.core.errors import Kind, RestudioError
from restudio.endpoints import store
from restudio.endpoints.addresses import Addresses
from restudio.endpoints.building import ScorerBuilder
from restudio.endpoints.deployments import Deployments
from restudio.endpoints.gate import Candidate, Gate, ensure_passed, judge
from restudio.endpoints.ledger import Author, append, audit, draft, get_endpoint, get_service, revision_id
from restudio.endpoints.model_files import Content, ModelFile, ModelFiles, keep
from restudio.endpoints.patch import Patch
from restudio.endpoints.rules import get_slot
from restudio.endpoints.types import (
    Endpoint,
    EndpointSettings,
    EndpointState,
    GateResult,
    Holding,
    Outcome,
    Revision,
    ServiceVersion,
    WebService,
)
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.models.service import AssetService
from restudio.scoring.compile import Saved
from restudio.scoring.live import Variant
from restudio.scoring.scorer import Scorer
from restudio.seams.clock import Clock
from restudio.seams.database import Database

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Situation:
    """An endpoint as it was when a change was decided."""

    service: WebService
    endpoint: Endpoint
    live: Revision
    version: ServiceVersion


def read_situation(conn: sa.Connection, workspace_id: str, service_id: str, name: str) -> Situation:
    service = get_service(conn, workspace_id, service_id)
    endpoint = get_endpoint(conn, service, name)
    live = store.live_revision(conn, endpoint)
    return Situation(service, endpoint, live, store.get_version(conn, service.id, live.state.version))


class Updater:
    """Thread-safe. Two changes of one endpoint at the same time are decided one after the other."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        assets: AssetService,
        files: ModelFiles,
        builder: ScorerBuilder,
        deployments: Deployments,
        addresses: Addresses,
        gates: Sequence[Gate],
    ) -> None:
        self._db = db
        self._clock = clock
        self._assets = assets
        self._files = files
        self._builder = builder
        self._deployments = deployments
        self._addresses = addresses
        self._gates = tuple(gates)
        # In one process changes wait for each other; against other processes the ledger's number decides.
        self._locks: defaultdict[tuple[str, str], Lock] = defaultdict(Lock)

    def patch(
        self,
        principal: Principal,
        workspace_id: str,
        service_id: str,
        name: str,
        patch: Patch,
        *,
        dry_run: bool = False,
    ) -> Outcome:
        """Apply a patch; with ``dry_run`` only tell what it would do, refusing what would be refused."""
        files: dict[int, ModelFile] = {}
        for _ in range(_ATTEMPTS):
            with self._locks[service_id, name]:
                outcome = self._decide(principal, workspace_id, service_id, name, patch, files, dry_run)
            if outcome is not None:
                return outcome
        raise RestudioError(
            Kind.CONFLICT,
            "EndpointChanging",
            f"Endpoint '{name}' is being changed by others at the same moment; nothing was changed. Try again.",
            target=name,
        )

    def _decide(
        self,
        principal: Principal,
        workspace_id: str,
        service_id: str,
        name: str,
        patch: Patch,
        files: dict[int, ModelFile],
        dry_run: bool,
    ) -> Outcome | None:
        with self._db.read() as conn:
            situation = read_situation(conn, workspace_id, service_id, name)
            if patch.resources:
                self._check_updatable(conn, situation)
            made = store.find_revision(conn, revision_id(situation.endpoint, patch.key)) if patch.key else None
        if made is not None:
            ensure_allowed(principal, Action.UPDATE, Resource(workspace_id, situation.endpoint.id))
            return Outcome(situation.endpoint, made, changed=False, dry_run=dry_run)
        return self._attempt(principal, situation, patch, files, dry_run)

    def _attempt(
        self, principal: Principal, situation: Situation, patch: Patch, files: dict[int, ModelFile], dry_run: bool
    ) -> Outcome | None:
        """None when the endpoint changed meanwhile, so that everything must be decided again."""
        endpoint = situation.endpoint
        where = Resource(endpoint.workspace_id, endpoint.id)
        if patch.resources:
            ensure_allowed(principal, Action.UPDATE, where)
        settings = patch.settings.applied(endpoint.settings)
        if settings != endpoint.settings:
            ensure_allowed(principal, Action.DEPLOY, where)
        for update in patch.resources:
            get_slot(situation.version, update.name)
        for number, update in enumerate(patch.resources):
            if number not in files:
                files[number] = self._files.read(update.location)
        named = {update.name: files[number] for number, update in enumerate(patch.resources)}
        change = _Change(situation, settings, named, self._builder)
        author = Author(principal, self._clock.now().timestamp(), patch.why, patch.key)
        report = self._judge(change)
        if dry_run:
            return change.preview(author, report)
        return self._commit(change, author, report)

    def _judge(self, change: _Change) -> list[GateResult]:
        report: list[GateResult] = []
        if not change.changes_models:
            return report
        for resource, file in change.files.items():
            held = change.situation.live.state.resources[resource]
            live = self._builder.contents.get(held)
            assert isinstance(live, Model)
            assert isinstance(file.model.value, Model)
            candidate = Candidate(
                change.situation.version,
                change.settings,
                resource,
                file.model.value,
                live,
                change.scorer,
                change.new_transforms(file),
            )
            found = judge(candidate, self._gates)
            ensure_passed(resource, found, self._gates)
            report += found
        return report

    def _commit(self, change: _Change, author: Author, report: Sequence[GateResult]) -> Outcome | None:
        before = change.situation.endpoint
        state = self._stored(change, author) if change.changes_models else None
        with self._db.begin() as conn:
            endpoint = store.find_endpoint_by_id(conn, before.id)
            if endpoint is None or (endpoint.live_seq, endpoint.settings) != (before.live_seq, before.settings):
                return None
            if change.settings != endpoint.settings:
                store.update_settings(conn, endpoint.id, change.settings)
                store.announce(conn, endpoint.id)
                audit(conn, author, "endpoint.settings", endpoint, {"why": author.why})
                endpoint = replace(endpoint, settings=change.settings)
            revision = change.situation.live
            if state is not None:
                revision = append(conn, endpoint, state, "patch", author, report)
                endpoint = replace(endpoint, live_seq=revision.seq)
        built = (revision.id, *change.built) if state is not None and change.situation.version.scores else None
        self._deployments.deploy(endpoint.id, built)
        return Outcome(endpoint, revision, changed=state is not None or endpoint.settings != before.settings)

    def _stored(self, change: _Change, author: Author) -> EndpointState:
        """The new state with its contents saved as assets; contents that stood here before are not saved again."""
        service, endpoint = change.situation.service, change.situation.endpoint
        with self._db.read() as conn:
            lines = store.list_revisions(conn, endpoint.id)
        known = {
            h.digest: h for line in lines for h in (*line.state.resources.values(), *line.state.transforms.values())
        }

        def hold(what: str, held: Holding) -> Holding:
            content = change.contents.get(held.digest)
            if held.digest in known or content is None:
                return known.get(held.digest, held)
            return keep(self._assets, service, endpoint, content, what, author.principal.name)

        state = change.state
        resources = {name: hold(name, held) for name, held in state.resources.items()}
        return replace(state, resources=resources, transforms={n: hold(n, h) for n, h in state.transforms.items()})

    def _check_updatable(self, conn: sa.Connection, situation: Situation) -> None:
        """Refuse an endpoint that takes no models, saying which address would."""
        service, endpoint, version = situation.service, situation.endpoint, situation.version
        if version.kind == "training":
            raise _refused(
                "NoUpdatableResources",
                f"'{service.name}' is the training web service: it produces models and holds none that could be "
                f"replaced. PATCH an endpoint of the predictive web service instead{self._predictive(conn, service)}",
                service.name,
            )
        if not version.resources:
            raise _refused(
                "NoUpdatableResources",
                f"'{service.name}' contains no saved trained model, so there is nothing to replace.",
                service.name,
            )
        if endpoint.role != "added":
            others = [e for e in store.list_endpoints(conn, service.id) if e.role == "added"]
            add = f"{self._addresses.service(service.workspace_id, service.id)}/endpoints/endpoint2"
            advice = (
                f"PATCH {' or '.join(self._addresses.update(e) for e in others[:3])} instead."
                if others
                else f"Add an endpoint: PUT {add}, then PATCH that address."
            )
            raise _refused(
                "DefaultEndpointUpdateNotAllowed",
                f"The endpoint '{endpoint.name}' follows its experiment and is updated by deploying it again. {advice}",
                endpoint.name,
            )
        if endpoint.settings.prevent_update:
            raise _refused(
                "UpdatePrevented",
                f"Endpoint '{endpoint.name}' is set to PreventUpdate and keeps its model. Switch that off with PATCH "
                '{"PreventUpdate": false} first, or update another endpoint.',
                endpoint.name,
            )

    def _predictive(self, conn: sa.Connection, training: WebService) -> str:
        """Where the models of this workspace can go."""
        found: list[str] = []
        for service in store.list_services(conn, training.workspace_id):
            if service.id != training.id and store.newest_version(conn, service.id).kind == "predictive":
                added = [e for e in store.list_endpoints(conn, service.id) if e.role == "added"]
                base = self._addresses.service(service.workspace_id, service.id)
                found += [self._addresses.update(e) for e in added] or [f"{base}/endpoints/{{name}}"]
        return f": {' or '.join(found[:3])}." if found else ". This workspace has none yet: set one up and publish it."


class _Change:
    """One patch on one situation: the resulting state, and its scorer when somebody asks for it."""

    def __init__(
        self,
        situation: Situation,
        settings: EndpointSettings,
        files: Mapping[str, ModelFile],
        builder: ScorerBuilder,
    ) -> None:
        self.situation = situation
        self.settings = settings
        self.files = files
        self._builder = builder
        live = situation.live.state
        resources = {name: _pending(name, file.model) for name, file in files.items()}
        transforms = {
            node: _pending(node, content)
            for file in files.values()
            for node, content in file.transforms.items()
            if node in situation.version.transforms
        }
        self.state = EndpointState(live.version, {**live.resources, **resources}, {**live.transforms, **transforms})
        self.contents: Mapping[str, Content] = {
            c.digest: c for file in files.values() for c in (file.model, *file.transforms.values())
        }

    def new_transforms(self, file: ModelFile) -> tuple[str, ...]:
        """The places in which this file puts another transform than the live one."""
        live = self.situation.live.state.transforms
        placed = ((n, self.state.transforms.get(n)) for n in file.transforms)
        return tuple(n for n, h in placed if h is not None and (n not in live or h.digest != live[n].digest))

    @property
    def changes_models(self) -> bool:
        return self.state.digest != self.situation.live.state.digest

    @cached_property
    def built(self) -> tuple[Scorer, Variant]:
        fresh: dict[str, Saved] = {}
        for file in self.files.values():
            fresh.update(file.fresh)
        try:
            return self._builder.build(self.situation.version, self.state, fresh)
        except RestudioError as error:
            raise RestudioError(
                Kind.CONFLICT,
                "ModelOutputMetadataMismatch",
                f"The web service cannot work with the new model; the live model stays. {error.message}",
                target=next(iter(self.files), None),
            ) from error

    def scorer(self) -> Scorer:
        return self.built[0]

    def preview(self, author: Author, report: Sequence[GateResult]) -> Outcome:
        """What committing would do now."""
        endpoint = replace(self.situation.endpoint, settings=self.settings)
        changed = self.changes_models or endpoint != self.situation.endpoint
        revision = self.situation.live
        if self.changes_models:
            revision = draft(endpoint, revision.seq + 1, self.state, "patch", author, report)
        return Outcome(endpoint, revision, changed, dry_run=True)


def _pending(place: str, content: Content) -> Holding:
    """Content that has no asset yet; the name keeps places apart while a scorer is bound."""
    return Holding(f"(new) {place}", content.digest)


def _refused(detail: str, message: str, target: str) -> RestudioError:
    return RestudioError(Kind.INVALID_OPERATION, detail, message, target=target)
