"""Bodies of published events, and what is read from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from restudio.core.errors import RestudioError
from restudio.factory.published_events import read_events

FILE = Path(__file__).with_suffix(".yaml")
CASES: list[dict[str, Any]] = yaml.safe_load(FILE.read_text())


@pytest.mark.parametrize("case", [each for each in CASES if "events" in each], ids=lambda case: case["name"])
def test_events_are(case: dict[str, Any]) -> None:
    found = read_events("models", case["contentType"], case["body"])
    assert [
        {"source": e.source, "id": e.id, "type": e.type, "subject": e.subject, "document": dict(e.document)}
        for e in found
    ] == case["events"]
    assert {each.topic for each in found} <= {"models"}


@pytest.mark.parametrize("case", [each for each in CASES if "words" in each], ids=lambda case: case["name"])
def test_mistake_is_told(case: dict[str, Any]) -> None:
    with pytest.raises(RestudioError) as refused:
        read_events("models", case["contentType"], case["body"])
    assert refused.value.detail == "InvalidEvent"
    assert refused.value.target == case.get("target")
    for word in case["words"]:
        assert word in refused.value.message


def test_the_same_event_has_the_same_key_and_another_source_another() -> None:
    def key(**members: str) -> str:
        event = {"specversion": "1.0", "id": "1", "source": "/a", "type": "t", **members}
        return read_events("models", "application/cloudevents+json", event)[0].key

    assert key() == key(type="u", time="2026-03-01T06:00:00Z")
    assert len({key(), key(id="2"), key(source="/b"), key(source="/a/1")}) == 4
