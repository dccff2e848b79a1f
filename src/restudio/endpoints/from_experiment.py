"""From an experiment, or the document of an inference pipeline, to a web service."""

from __future__ import annotations

from restudio.endpoints.service import Published, ServiceService
from restudio.experiments.service import ExperimentService
from restudio.experiments.types import Experiment
from restudio.identity.types import Principal


def publish_experiment(
    services: ServiceService,
    experiments: ExperimentService,
    principal: Principal,
    experiment: Experiment,
    *,
    name: str | None = None,
    service_id: str | None = None,
    description: str | None = None,
    go_live: bool = False,
) -> Published:
    """Publish the current version of an experiment.

    Its snapshot pins every saved thing to its version: what is published is exactly what is there now.
    """
    snapshot = experiments.snapshot(experiment.workspace_id, experiment.graph)
    return services.publish(
        principal,
        experiment.workspace_id,
        snapshot.graph,
        name or experiment.title,
        service_id=service_id,
        experiment_id=experiment.id,
        description=description or experiment.description,
        go_live=go_live,
        seen=experiments.seen(experiment.workspace_id, snapshot),
    )
