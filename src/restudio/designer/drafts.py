"""Use cases of pipeline drafts: keep, parametrise, validate, clone, import and export."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from restudio.core.errors import Kind, ManyErrors, RestudioError
from restudio.core.registry import Registry
from restudio.designer import store
from restudio.designer.document import PipelineDocument, from_yaml, to_yaml
from restudio.designer.types import NO_SETTINGS, Draft, DraftSettings, ParameterUse
from restudio.experiments.service import ExperimentService
from restudio.experiments.types import Experiment
from restudio.graph import promotion
from restudio.graph.check import find_problems
from restudio.graph.model import Graph, GraphParameter
from restudio.graph.promotion import Use
from restudio.identity import audit
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database

_ATTEMPTS = 20
"""Of a change that others come before again and again."""


class DraftService:
    """Thread-safe. A draft is a versioned document of the workspace, as an experiment is, with settings of its own."""

    def __init__(self, db: Database, experiments: ExperimentService, registry: Registry, clock: Clock) -> None:
        self._db = db
        self._experiments = experiments
        self._registry = registry
        self._clock = clock

    def create(
        self,
        principal: Principal,
        workspace_id: str,
        name: str,
        graph: Graph,
        settings: DraftSettings = NO_SETTINGS,
        *,
        description: str = "",
        training_id: str | None = None,
    ) -> Draft:
        """Keep a graph as a new draft; it may be unsound."""
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        document = self._experiments.save(
            workspace_id,
            name,
            graph,
            description=description,
            author=principal.name,
            training_id=training_id,
            kind="pipeline",
            beside=self._settings_writer(principal, settings, "create draft"),
        )
        return Draft(document, settings)

    def update(
        self,
        principal: Principal,
        workspace_id: str,
        draft_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        graph: Graph | None = None,
        settings: DraftSettings | None = None,
        after: int | None = None,
    ) -> Draft:
        """Change what is given; another graph, name or description is the next version of the document. ``after`` is
        the version that they were made from: Conflict when another came between."""
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        before = self.get(workspace_id, draft_id)
        write = None
        if settings is not None and settings != before.settings:
            write = self._settings_writer(principal, settings, "change draft")
        document = self._experiments.save(
            workspace_id,
            before.document.title if name is None else name,
            before.document.graph if graph is None else graph,
            experiment_id=draft_id,
            description=before.document.description if description is None else description,
            author=principal.name,
            after=after,
            beside=write,
        )
        return Draft(document, settings or before.settings)

    def get(self, workspace_id: str, draft_id: str, version: int | None = None) -> Draft:
        """NotFound ``DraftNotFound``."""
        try:
            document = self._experiments.get(draft_id, version)
        except RestudioError as cause:
            raise RestudioError.not_found("DraftNotFound", "Pipeline draft", draft_id) from cause
        if document.workspace_id != workspace_id or document.kind != "pipeline":
            raise RestudioError.not_found("DraftNotFound", "Pipeline draft", draft_id)
        return self._with_settings([document])[0]

    def list(self, workspace_id: str, *, tags: Mapping[str, str] | None = None) -> Sequence[Draft]:
        """Newest first; with ``tags`` those that have all of them."""
        drafts = self._with_settings(self._experiments.list(workspace_id, "pipeline"))
        wanted = (tags or {}).items()
        return [draft for draft in drafts if wanted <= draft.settings.tags.items()]

    def delete(self, principal: Principal, workspace_id: str, draft_id: str) -> None:
        """Remove a draft; its runs and what was published from it stay."""
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        self._experiments.delete(self.get(workspace_id, draft_id).id)

    def find_inference(self, training_id: str, workspace_id: str, role: str) -> Draft | None:
        """The newest inference draft of a kind that was made from a training draft."""
        made = (d for d in self.list(workspace_id) if d.document.training_id == training_id)
        return next((d for d in made if d.settings.role == role), None)

    def problems(self, workspace_id: str, draft_id: str) -> Sequence[RestudioError]:
        """Everything that keeps a draft from running; nothing for a valid one."""
        graph = self.get(workspace_id, draft_id).document.graph
        found = list(find_problems(graph, self._registry))
        if found or not graph.nodes:
            return found or [RestudioError(Kind.BAD_ARGUMENT, "EmptyPipeline", "The pipeline has no steps; add some.")]
        try:
            self._experiments.snapshot(workspace_id, graph)
        except ManyErrors as error:
            return error.errors
        except RestudioError as error:
            return [error]
        return []

    # Parameters

    def parameters(self, workspace_id: str, draft_id: str) -> Sequence[ParameterUse]:
        """Parameters of a draft and where they are used, in order."""
        return uses(self.get(workspace_id, draft_id).document.graph)

    def declare(self, principal: Principal, workspace_id: str, draft_id: str, parameter: GraphParameter) -> Draft:
        """Add a parameter that nothing uses yet."""
        return self._edit(principal, workspace_id, draft_id, lambda graph: promotion.declare(graph, parameter))

    def attach(self, principal: Principal, workspace_id: str, draft_id: str, use: Use, name: str) -> Draft:
        """Let a parameter, new or known, serve a field."""
        return self._edit(
            principal, workspace_id, draft_id, lambda graph: promotion.attach(graph, self._registry, use, name)
        )

    def detach(self, principal: Principal, workspace_id: str, draft_id: str, use: Use) -> Draft:
        """Give a field its own value again."""
        return self._edit(principal, workspace_id, draft_id, lambda graph: promotion.detach(graph, use))

    def remove(self, principal: Principal, workspace_id: str, draft_id: str, name: str) -> Draft:
        """Take a parameter away; the fields keep its value."""
        return self._edit(principal, workspace_id, draft_id, lambda graph: promotion.remove(graph, name))

    def change(
        self,
        principal: Principal,
        workspace_id: str,
        draft_id: str,
        name: str,
        *,
        new_name: str | None = None,
        default: object | None = None,
        description: str | None = None,
    ) -> Draft:
        """Rename a parameter, change its default or its description."""

        def edit(graph: Graph) -> Graph:
            changed = promotion.describe(graph, name, default=default, description=description)
            return changed if new_name is None else promotion.rename(changed, name, new_name)

        return self._edit(principal, workspace_id, draft_id, edit)

    # Files

    def import_yaml(self, principal: Principal, workspace_id: str, text: str, *, draft_id: str | None = None) -> Draft:
        """Save a pipeline file as a new draft, or in the place of one."""
        found = from_yaml(text)
        if draft_id is None:
            return self.create(
                principal, workspace_id, found.title, found.graph, found.settings, description=found.description
            )
        return self.update(
            principal,
            workspace_id,
            draft_id,
            name=found.title,
            description=found.description,
            graph=found.graph,
            settings=found.settings,
        )

    def export_yaml(self, workspace_id: str, draft_id: str) -> str:
        """The pipeline file; importing it gives an equal draft."""
        draft = self.get(workspace_id, draft_id)
        document = draft.document
        return to_yaml(PipelineDocument(document.title, document.graph, document.description, draft.settings))

    def _edit(self, principal: Principal, workspace_id: str, draft_id: str, edit: Callable[[Graph], Graph]) -> Draft:
        """Change the graph as it is now: beside others who do the same, in turn."""
        for attempt in range(_ATTEMPTS):
            document = self.get(workspace_id, draft_id).document
            try:
                return self.update(
                    principal, workspace_id, draft_id, graph=edit(document.graph), after=document.version
                )
            except RestudioError as error:
                if error.detail != "ExperimentChanged" or attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _settings_writer(
        self, principal: Principal, settings: DraftSettings, what: str
    ) -> Callable[[sa.Connection, Experiment], None]:
        """Keeps settings in the transaction that keeps their document."""

        def write(conn: sa.Connection, document: Experiment) -> None:
            store.put_settings(conn, document.id, settings)
            now = self._clock.now().timestamp()
            where, detail = f"draft:{document.id}", {"name": document.title}
            audit.record(conn, now, principal, what, where, detail, workspace_id=document.workspace_id)

        return write

    def _with_settings(self, documents: Sequence[Experiment]) -> Sequence[Draft]:
        with self._db.read() as conn:
            known = store.list_settings(conn, [d.id for d in documents])
        return [Draft(document, known.get(document.id, NO_SETTINGS)) for document in documents]


def uses(graph: Graph) -> tuple[ParameterUse, ...]:
    """The parameters of a graph with the fields that they serve."""
    return tuple(
        ParameterUse(
            p.name,
            p.kind,
            p.default,
            p.required and p.default is None,
            p.description,
            tuple((use.node, use.field) for use in promotion.uses_of(graph, p.name)),
        )
        for p in graph.parameters
    )
