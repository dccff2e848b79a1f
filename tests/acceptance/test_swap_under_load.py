"""Fifty patches under load: no failed request, every answer from exactly the revision that its header names."""

from __future__ import annotations

import threading
from collections import defaultdict

import httpx
from tests.acceptance.adult import Loop

CONNECTIONS = 16
PATCHES = 50


def test_no_request_fails_while_models_are_swapped(loop: Loop) -> None:
    first, second = loop.retrain(loop.folder / "first.csv"), loop.retrain(loop.folder / "rest.csv")
    loop.patch(first)  # whatever was live before, each patch from here on changes the model
    url = f"{loop.endpoint.api_location}/execute?api-version=2.0&format=swagger"
    headers = {"Authorization": f"Bearer {loop.endpoint.primary_key}"}
    body = {"Inputs": {"input1": loop.rows[:5]}, "GlobalParameters": {}}
    answers: dict[str, set[str]] = defaultdict(set)
    failures: list[str] = []
    done = threading.Event()

    def call() -> None:
        with httpx.Client(headers=headers, timeout=30) as client:
            while not done.is_set():
                try:
                    answer = client.post(url, json=body)
                except httpx.TransportError as error:
                    failures.append(repr(error))
                    continue
                if answer.status_code == 200:
                    answers[answer.headers["x-ms-restudio-revision"]].add(answer.text)
                else:
                    failures.append(answer.text)

    callers = [threading.Thread(target=call) for _ in range(CONNECTIONS)]
    for caller in callers:
        caller.start()
    try:
        before = len(loop.client.services.ledger(loop.predictive.id, loop.endpoint.name))
        for number in range(PATCHES):
            loop.patch(first if number % 2 else second)
    finally:
        done.set()
        for caller in callers:
            caller.join()
    ledger = loop.client.services.ledger(loop.predictive.id, loop.endpoint.name)
    assert failures == []
    assert len(ledger) == before + PATCHES
    assert set(answers) <= {revision.id for revision in ledger}
    assert len(answers) > PATCHES / 2, "the load saw too few of the revisions to tell anything"
    assert {len(texts) for texts in answers.values()} == {1}
    assert len({text for texts in answers.values() for text in texts}) >= 2
