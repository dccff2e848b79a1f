"""Fifty patches under load: no failed request, every answer from exactly the revision that its header names."""

from __future__ import annotations

import http.client
import json
import threading
from collections import defaultdict
from urllib.parse import urlsplit

from tests.acceptance.adult import Loop

CONNECTIONS = 16
PATCHES = 50
REQUESTS = 4 * CONNECTIONS
"""So many for each patch: more, on a busy machine whose patches are slow, would show nothing new."""


def test_no_request_fails_while_models_are_swapped(loop: Loop) -> None:
    first, second = loop.retrain(loop.folder / "first.csv"), loop.retrain(loop.folder / "rest.csv")
    loop.patch(first)  # whatever was live before, each patch from here on changes the model
    url = urlsplit(loop.endpoint.api_location)
    path = f"{url.path}/execute?api-version=2.0&format=swagger"
    headers = {"Authorization": f"Bearer {loop.endpoint.primary_key}", "Content-Type": "application/json"}
    body = json.dumps({"Inputs": {"input1": loop.rows[:5]}, "GlobalParameters": {}}).encode()
    answers: dict[str, set[bytes]] = defaultdict(set)
    failures: list[str] = []
    done, due = threading.Event(), threading.Semaphore(0)

    def call() -> None:
        # httpx would take more of the processor than the server does.
        connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=30)
        while due.acquire() and not done.is_set():
            try:
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as error:
                failures.append(repr(error))
                connection.close()
                continue
            if answer.status == 200:
                answers[answer.headers["x-ms-restudio-revision"]].add(text)
            else:
                failures.append(text.decode())
        connection.close()

    callers = [threading.Thread(target=call) for _ in range(CONNECTIONS)]
    for caller in callers:
        caller.start()
    try:
        before = len(loop.client.services.ledger(loop.predictive.id, loop.endpoint.name))
        for number in range(PATCHES):
            due.release(REQUESTS)
            loop.patch(first if number % 2 else second)
    finally:
        done.set()
        due.release(CONNECTIONS)
        for caller in callers:
            caller.join()
    ledger = loop.client.services.ledger(loop.predictive.id, loop.endpoint.name)
    assert failures == []
    assert len(ledger) == before + PATCHES
    assert set(answers) <= {revision.id for revision in ledger}
    assert len(answers) > PATCHES / 2, "the load saw too few of the revisions to tell anything"
    assert {len(texts) for texts in answers.values()} == {1}
    assert len({text for texts in answers.values() for text in texts}) >= 2
