"""Model files that callers name: fetched, read and checked, before anything is decided."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from restudio.artifacts.archive import ensure_size
from restudio.artifacts.container import read_bundle, write_artifact
from restudio.artifacts.values import Model, Transform
from restudio.blobs.fetch import Fetcher
from restudio.blobs.reference import BlobReference
from restudio.core.errors import Kind, RestudioError, nearest
from restudio.core.ids import digest_bytes
from restudio.core.registry import Registry
from restudio.endpoints.rules import check_extension, expired_at
from restudio.endpoints.types import Endpoint, Holding, WebService
from restudio.models.service import AssetService
from restudio.models.types import Asset, AssetKind
from restudio.scoring.compile import Saved
from restudio.seams.clock import Clock

_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
_DATA_TYPES: Mapping[AssetKind, str] = {"model": "iLearnerDotNet", "transform": "iTransformDotNet"}


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """Bytes of a model or transform with the value that they hold."""

    kind: AssetKind
    data: bytes
    value: Model | Transform

    @property
    def digest(self) -> str:
        return digest_bytes(self.data)


@dataclass(frozen=True, slots=True, eq=False)
class ModelFile:
    """A fetched ``.ilearner``: the model, and the fitted transforms by their place in the graph."""

    source: str
    model: Content
    transforms: Mapping[str, Content]

    @property
    def fresh(self) -> Mapping[str, Saved]:
        """Values by digest."""
        return {c.digest: c.value for c in (self.model, *self.transforms.values())}


class ModelFiles:
    """Thread-safe."""

    def __init__(self, fetcher: Fetcher, registry: Registry, clock: Clock) -> None:
        self._fetcher = fetcher
        self._registry = registry
        self._clock = clock

    def read(self, location: BlobReference) -> ModelFile:
        """Fetch and read a model file. Errors: ``InvalidBlob``, ``InvalidBlobExtension``, ``BlobNotFound``."""
        location.address()
        check_extension(location)
        data = self._fetch(location)
        bundle = read_bundle(data)
        entry = self._registry.find(bundle.model.learner)
        if entry is None or entry.predictor is None:
            learners = [key for key, known in self._registry.items() if known.predictor is not None]
            raise RestudioError(
                Kind.BAD_ARGUMENT,
                "InvalidBlob",
                f"'{location.shown}' holds a model of the learner '{bundle.model.learner}', which this Restudio does "
                f"not have.{nearest(bundle.model.learner, learners)}",
                target="Location",
            )
        transforms = {
            node: Content("transform", write_artifact(transform), transform)
            for node, transform in bundle.transforms.items()
        }
        return ModelFile(location.shown, Content("model", data, bundle.model), transforms)

    def _fetch(self, location: BlobReference) -> bytes:
        with tempfile.TemporaryDirectory(prefix="restudio-model-") as folder:
            try:
                path = self._fetcher.fetch(location, Path(folder)).path
                ensure_size(path.stat().st_size)  # before it is in memory
                return path.read_bytes()
            except RestudioError as error:
                if error.detail != "BlobNotFound":
                    raise
                message = f"{error.message.rstrip('.')}. {self._advice(location)}"
                raise RestudioError(Kind.BAD_ARGUMENT, "BlobNotFound", message, target="Location") from error

    def _advice(self, location: BlobReference) -> str:
        again = "GET the status of the training job again: every answer carries a fresh SasBlobToken."
        ended = expired_at(location.address().sas, self._clock.now().timestamp())
        if ended is not None:
            return f"The SAS token expired at {ended}. {again}"
        return f"Copy BaseLocation, RelativeLocation and SasBlobToken unchanged from the job's result. {again}"


def keep(
    assets: AssetService, service: WebService, endpoint: Endpoint, content: Content, what: str, by: str
) -> Holding:
    """Save a content as an asset of the endpoint's own: a new version of what stood in the same place before."""
    name = _FORBIDDEN.sub("_", f"{what} on {endpoint.name} of {service.name}")[:200] + f" ({endpoint.id[:8]})"
    try:
        asset = _create(assets, service, endpoint, content, name, what, by)
    except RestudioError as error:
        if error.detail != "NameExists":
            raise
        # Another process saved the first version of this place since we looked.
        asset = _create(assets, service, endpoint, content, name, what, by)
    return Holding(asset.id, asset.digest)


def _create(
    assets: AssetService, service: WebService, endpoint: Endpoint, content: Content, name: str, what: str, by: str
) -> Asset:
    known = assets.find(endpoint.workspace_id, content.kind, name)
    return assets.create(
        endpoint.workspace_id,
        content.kind,
        name,
        content.data,
        data_type_id=_DATA_TYPES[content.kind],
        owner=by,
        family=known.family if known else None,
        origin="FromExistingBlob",
        lineage={"service": service.id, "endpoint": endpoint.id, "place": what},
    )
