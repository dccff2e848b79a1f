"""Untrained models, trained models and transforms: plain data that executes nothing.

Behaviour belongs to the catalog: ``learner`` and ``module`` name the entry whose companions fit, score or apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from restudio.core.schema import Column, Level
from restudio.core.spec import Task

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class UntrainedModel:
    """A learner and its parameters (raw form, by display name)."""

    learner: str
    task: Task
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained model.

    ``features`` are the training columns it reads, in order, with the categories seen; ``label`` is the column it
    learned, ``classes`` its values in score order (binary: negative, positive). ``arrays`` and ``texts`` hold the
    fitted state in the learner's own layout. ``metrics`` are numbers known at training time.
    """

    learner: str
    task: Task
    features: tuple[Column, ...]
    label: Column | None
    classes: tuple[Level, ...] = ()
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Json] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Transform:
    """A fitted transformation, applied by **Apply Transformation**.

    ``module`` is the catalog id of the module that fitted it; ``columns`` are the input columns it needs.
    """

    module: str
    columns: tuple[Column, ...]
    settings: Mapping[str, Json] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


Artifact = UntrainedModel | Model | Transform


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """What one ``.ilearner`` file holds: a model, and the fitted transforms that stand before it.

    ``transforms`` is keyed by ``{node id}:{port}`` of the training graph, so that a predictive graph made from that
    graph can replace each of its saved transforms. ``resource`` is the resource name it is meant for, ``lineage``
    free facts (dataset and graph digests, run, seed, environment).
    """

    model: Model
    transforms: Mapping[str, Transform] = field(default_factory=dict)
    resource: str | None = None
    lineage: Mapping[str, Json] = field(default_factory=dict)
