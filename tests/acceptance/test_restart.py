"""What was published is there after a restart, and answers the same."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.adult import build_loop
from tests.acceptance.server import small_server


def test_services_survive_stop_and_kill(tmp_path: Path) -> None:
    server = small_server(tmp_path / "home").start()
    try:
        loop = build_loop(server, "trees", tmp_path, rows=4000)
        sample = loop.rows[:100]
        loop.patch(loop.retrain(tmp_path / "rest.csv"))
        answers = loop.labels(sample)
        revision = loop.scoring.score(sample[:1]).revision
        ledger = loop.client.services.ledger(loop.predictive.id, loop.endpoint.name)
        for end in (server.stop, server.kill):
            end()
            server.start()
            client = server.client()
            endpoint = client.endpoints.get(loop.predictive.id, loop.endpoint.name)
            assert endpoint.primary_key == loop.endpoint.primary_key
            assert client.services.ledger(loop.predictive.id, loop.endpoint.name) == ledger
            again = type(loop)(
                server, client, loop.run, loop.training, loop.predictive, endpoint, loop.folder, loop.rows
            )
            assert again.labels(sample) == answers
            assert again.scoring.score(sample[:1]).revision == revision
    finally:
        server.stop()
