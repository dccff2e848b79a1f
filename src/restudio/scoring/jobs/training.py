"""Execution of a training or non-scoring deployment: its graph, run over the files bound to its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from restudio.artifacts.container import read_artifact, write_bundle
from restudio.artifacts.values import Bundle, Model, Transform
from restudio.core.errors import Kind, ModuleError, RestudioError
from restudio.core.ids import digest_bytes, digest_json
from restudio.core.registry import Registry
from restudio.core.spec import PortKind
from restudio.experiments.runner import Bindings, Outcome, Runner
from restudio.graph.document import document_digest
from restudio.graph.events import Event
from restudio.graph.model import Graph
from restudio.graph.order import ancestors
from restudio.graph.plan import Plan, PortId, make_plan
from restudio.graph.signature import ServiceOutput, Signature, signature
from restudio.scoring.jobs.types import Deployment, IsCancelled, JobFiles, Progress
from restudio.seams.engine import Cancelled
from restudio.seams.objects import Objects
from restudio.tables.formats import get_codec
from restudio.tables.ipc import read_table, write_table
