"""The server under test: the product's scoring application on uvicorn, beside an echo of the same bytes.

    python -m bench.rrs_server PORT FOLDER

``/echo/{model}/{rows}`` reads the body and answers with the canned bytes of the true answer, and does nothing else.
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from bench.adult import MODELS, load_scorer, make_body

from restudio.http.rrs import Form, Receive, RrsApp, Scope, Send, score
from restudio.http.rrs_protocol import protocol_of
from restudio.scoring.dataplane import DataPlane, key_digest
from restudio.scoring.live import Live

KEY = "bench-key"
ROWS = (1, 100)


class BenchApp:
    """Routes ``/echo`` to canned answers and the rest to the product."""

    def __init__(self, folder: Path) -> None:
        plane = DataPlane()
        self._canned: dict[str, bytes] = {}
        for model in MODELS:
            live = Live(load_scorer(folder / f"{model}.json"), "revision-1", frozenset({key_digest(KEY)}), 200, "ws")
            plane.install(model, live)
            for rows in ROWS:
                self._canned[f"/echo/{model}/{rows}"] = score(live, False, Form(), make_body(rows))
        self.rrs = RrsApp(plane)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        canned = self._canned.get(scope["path"])
        if canned is None:
            await self.rrs(scope, receive, send)
            return
        while (await receive()).get("more_body", False):
            continue
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(canned))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": canned})


def main() -> None:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    app = BenchApp(folder)
    config = uvicorn.Config(
        app,
        "127.0.0.1",
        port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        loop="uvloop",
        http=protocol_of(app.rrs),
        server_header=False,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
