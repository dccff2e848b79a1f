"""Assets: immutable, versioned things of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from restudio.artifacts.values import Json
from restudio.core.ids import Digest

AssetKind = Literal["dataset", "model", "transform"]


@dataclass(frozen=True, slots=True)
class Asset:
    """One version of a dataset, trained model or transform.

    ``id`` is ``{workspace}.{family}.v1-default-{version}``; versions of one family share its name. ``key`` names the
    content in the object store; equal contents share one object. ``created`` is in epoch seconds.
    """

    id: str
    workspace_id: str
    kind: AssetKind
    family: str
    version: int
    name: str
    data_type_id: str
    digest: Digest
    size: int
    created: float
    owner: str
    description: str = ""
    origin: str = "FromResourceUpload"
    schema: list[dict[str, object]] | None = None
    lineage: Mapping[str, Json] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return asset_key(self.digest)


def asset_key(digest: Digest) -> str:
    """Object key of content with this digest."""
    return f"assets/{digest}"
