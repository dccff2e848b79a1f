"""AzureMLExecutePipeline where documents cannot be published so; tests/acceptance runs it on a server."""

from __future__ import annotations

import pytest
from tests.unit.factory.small_factory import SmallFactory

from restudio.factory.errors import ActivityFailed


def test_an_activity_without_linked_service(factory: SmallFactory) -> None:
    with pytest.raises(ActivityFailed) as failed:
        factory.run({"type": "AzureMLExecutePipeline", "typeProperties": {"mlPipelineId": "p"}})
    assert failed.value.code == "4110"
    assert failed.value.message == "AzureMLExecutePipeline activity missing LinkedService definition in JSON."
