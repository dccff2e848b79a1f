"""A small studio without a server: real modules, a real database, models trained on the spot."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restudio.artifacts.container import write_artifact, write_bundle
from restudio.artifacts.values import Bundle, Model, Transform
from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.reference import BlobReference
from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobPath
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.schema import Column, DType, Schema
from restudio.core.schema import Role as ColumnRole
from restudio.core.spec import Entry
from restudio.endpoints.addresses import Addresses
from restudio.endpoints.building import ScorerBuilder
from restudio.endpoints.contents import Contents
from restudio.endpoints.deployments import Deployments
from restudio.endpoints.endpoint_service import EndpointService
from restudio.endpoints.gate import collect_gates
from restudio.endpoints.model_files import ModelFiles
from restudio.endpoints.patch import Patch, ResourceUpdate
from restudio.endpoints.service import Published, ServiceService
from restudio.endpoints.types import Outcome
from restudio.endpoints.update import Updater
from restudio.graph.model import DATASET, SAVED_MODEL, SAVED_TRANSFORM, WEB_INPUT, WEB_OUTPUT, Edge, Graph, Node
from restudio.graph.rewrite import APPLY
from restudio.identity.service import IdentityService
from restudio.identity.types import Principal, Role
from restudio.models.service import AssetService
from restudio.models.types import Asset
from restudio.scoring.dataplane import DataPlane
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import MemoryObjects
from restudio.storage.secrets import MasterKeySecrets
from restudio.tables.formats import get_codec
from restudio.tables.table import Table

BASE = "http://studio.example:8000"
RESOURCE = "Churn [trained model]"
NORMALIZE = "norm:Transformation function"
SCHEMA = Schema.of(
    [Column("age", DType.INTEGER), Column("hours", DType.DOUBLE), Column("left", DType.STRING, role=ColumnRole.LABEL)]
)
LEARNER = "two-class-logistic-regression"


@functools.cache
def registry() -> Registry:
    return Registry.collect("restudio.modules")


def churn_table(turn: int = 40, yes: str = "yes") -> Table:
    """People older than ``turn`` leave."""
    ages = [20 + i % 45 for i in range(90)]
    columns: dict[str, Sequence[object]] = {
        "age": ages,
        "hours": [float(i % 40) for i in range(90)],
        "left": [yes if age > turn else "no" for age in ages],
    }
    return Table.from_columns(columns, SCHEMA)


class Plain:
    """The context of training in a test."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch

    def progress(self, fraction: float, message: str = "") -> None:
        """Nobody watches."""

    def log(self, text: str) -> None:
        """Nobody reads."""

    def entry(self, module_id: str) -> Entry:
        return registry().get_entry(module_id)


def train(table: Table, learner: str = LEARNER, label: str = "left") -> Model:
    entry = registry().get_entry(learner)
    with tempfile.TemporaryDirectory() as folder:
        context: Any = Plain(Path(folder))
        untrained = entry.run(parse_params(entry.spec.params, {}), ctx=context)
        training = registry().get_entry("train-model")
        selection = {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": [label]}]}
        params: Any = parse_params(training.spec.params, {"Label column": selection})
        model = training.run(params, untrained, table, ctx=context)
    assert isinstance(model, Model)
    return model


def normalize(table: Table) -> Transform:
    entry = registry().get_entry("normalize-data")
    with tempfile.TemporaryDirectory() as folder:
        context: Any = Plain(Path(folder))
        selection = {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": ["age", "hours"]}]}
        params: Any = parse_params(entry.spec.params, {"Columns to transform": selection})
        _, transform = entry.run(params, table, ctx=context)
    assert isinstance(transform, Transform)
    return transform


@functools.cache
def model(turn: int = 40) -> Model:
    return train(churn_table(turn))


def port(module: str, *, out: bool, at: int = 0) -> str:
    spec = registry().get_entry(module).spec
    return (spec.outputs if out else spec.inputs)[at].name


def edge(source: Node, target: Node, at: int = 0) -> Edge:
    return Edge(source.id, port(source.module, out=True), target.id, port(target.module, out=False, at=at))


def predictive_graph(dataset: str, trained: str, transform: str | None = None) -> Graph:
    """Data and input, perhaps a saved transform, Score Model, output."""
    data = Node("data", DATASET, {"asset": dataset})
    start = Node("input", WEB_INPUT, {"Name": "input1"})
    saved = Node("train:Trained model", SAVED_MODEL, {"asset": trained})
    score, end = Node("score", "score-model"), Node("output", WEB_OUTPUT, {"Name": "output1"})
    nodes, edges = [data, start, saved, score, end], [edge(saved, score), edge(score, end)]
    if transform is None:
        edges += [edge(data, score, 1), edge(start, score, 1)]
    else:
        fitted, apply = Node(NORMALIZE, SAVED_TRANSFORM, {"asset": transform}), Node("apply", APPLY)
        nodes += [fitted, apply]
        edges += [edge(fitted, apply), edge(data, apply, 1), edge(start, apply, 1), edge(apply, score, 1)]
    return Graph(tuple(nodes), tuple(edges))


def training_graph(dataset: str) -> Graph:
    """Data and input, learner, Train Model, the model as output."""
    data = Node("data", DATASET, {"asset": dataset})
    start, learner = Node("input", WEB_INPUT, {"Name": "input1"}), Node("learner", LEARNER)
    selection = {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": ["left"]}]}
    training = Node("train", "train-model", {"Label column": selection})
    end = Node("output", WEB_OUTPUT, {"Name": "output1"})
    edges = (edge(learner, training), edge(data, training, 1), edge(start, training, 1), edge(training, end))
    return Graph((data, start, learner, training, end), edges)


@dataclass
class World:
    """Everything that endpoints stand on. ``owner`` may do all, ``member`` may publish but not deploy."""

    db: SqlDatabase
    secrets: MasterKeySecrets
    clock: ManualClock
    base: str = BASE

    def __post_init__(self) -> None:
        self.objects = MemoryObjects()
        self.identity = IdentityService(self.db, self.secrets, self.clock)
        self.workspace = self.identity.create_workspace("Acme", owner="pat@example.org")
        self.ws = self.workspace.id
        self.assets = AssetService(self.db, self.objects, self.clock)
        self.blobs = BlobService(self.db, self.objects, self.secrets, self.clock, self.base)
        self.blobs.accounts.create("acme")
        self.blobs.create_container("acme", "models")
        fetcher = Fetcher(self.blobs, Outgoing(EgressPolicy(), self.clock), self.clock)
        self.builder = ScorerBuilder(registry(), Contents(self.objects))
        self.plane = DataPlane()
        self.deployments = Deployments(self.db, self.secrets, self.builder, self.plane)
        self.addresses = Addresses(self.base)
        self.services = ServiceService(self.db, self.secrets, self.clock, self.assets, self.builder, self.deployments)
        files = ModelFiles(fetcher, registry(), self.clock)
        updater = Updater(
            self.db,
            self.clock,
            self.assets,
            files,
            self.builder,
            self.deployments,
            self.addresses,
            collect_gates(),
        )
        self.endpoints = EndpointService(
            self.db, self.secrets, self.clock, self.builder, self.deployments, updater, self.addresses
        )
        self.owner = Principal("user", "u1", "Pat", self.ws, frozenset({Role.OWNER}))
        self.member = Principal("user", "u2", "Mel", self.ws, frozenset({Role.MEMBER}))

    def save_dataset(self, name: str = "people", table: Table | None = None) -> Asset:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "data.dataset"
            get_codec("Dataset").write(table or churn_table(), path)
            return self.assets.create(self.ws, "dataset", name, path, data_type_id="Dataset", owner="Pat")

    def save_model(self, name: str = RESOURCE, value: Model | None = None) -> Asset:
        content = write_artifact(value or model())
        return self.assets.create(self.ws, "model", name, content, data_type_id="iLearnerDotNet", owner="Pat")

    def save_transform(self, value: Transform, name: str = "Normalize") -> Asset:
        content = write_artifact(value)
        return self.assets.create(self.ws, "transform", name, content, data_type_id="iTransformDotNet", owner="Pat")

    def publish(self, *, go_live: bool = True, name: str = "Churn [Predictive Exp.]") -> Published:
        """The predictive service."""
        graph = predictive_graph(self.save_dataset().id, self.save_model().id)
        return self.services.publish(self.owner, self.ws, graph, name, go_live=go_live)

    def publish_training(self) -> Published:
        graph = training_graph(self.save_dataset("training people").id)
        return self.services.publish(self.owner, self.ws, graph, "Churn training", go_live=True)

    def upload(self, content: bytes, name: str = "new.ilearner") -> BlobReference:
        """Put a file into our blob service; the answer is as a training job's result."""
        path = BlobPath("acme", "models", name)
        self.blobs.put_blob(path, content)
        token = self.blobs.accounts.sas("acme", "models", name, "r", 3600)
        return BlobReference(
            base_location=f"{self.base}/blob/acme/", relative_location=f"models/{name}", sas_token=token
        )

    def retrained(self, value: Model, transforms: Mapping[str, Transform] | None = None) -> BlobReference:
        return self.upload(write_bundle(Bundle(value, transforms or {}, RESOURCE)))

    def patch(
        self,
        service_id: str,
        name: str,
        location: BlobReference,
        *,
        resource: str = RESOURCE,
        key: str = "",
        dry_run: bool = False,
    ) -> Outcome:
        patch = Patch((ResourceUpdate(resource, location),), why="fresh data", key=key)
        return self.endpoints.patch(self.owner, self.ws, service_id, name, patch, dry_run=dry_run)

    def labels(self, endpoint_id: str, *ages: int) -> list[object]:
        """What the live scorer says of people of these ages."""
        live = self.plane.find_live(endpoint_id)
        assert live is not None
        result = live.scorer.score_rows({"input1": [[age, 20.0] for age in ages]})["output1"]
        at = result.schema.index("Scored Labels")
        return [row[at] for row in result.rows]
