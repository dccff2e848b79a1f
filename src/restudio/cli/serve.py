"""``restudio serve``: the server."""

from __future__ import annotations

import gc
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from restudio.app.settings import Settings, load_settings
from restudio.cli.console import Output
from restudio.core.errors import RestudioError

app = typer.Typer()


@app.command("serve")
def serve(
    home: Annotated[Path | None, typer.Option(help="Folder that holds everything.", show_default="home")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="0 takes a free one.", show_default="8080")] = None,
    public_url: Annotated[str | None, typer.Option(help="Base of all addresses we give out.")] = None,
    web_workers: Annotated[int | None, typer.Option(help="Processes that answer.", show_default="1")] = None,
    role: Annotated[str | None, typer.Option(help="all, web or worker.", show_default="all")] = None,
    inherited: Annotated[int | None, typer.Option(hidden=True)] = None,
    clock_shift: Annotated[float | None, typer.Option(hidden=True)] = None,
) -> None:
    """Start the server; stop it with Ctrl-C."""
    out = Output()
    flags = {
        "home": home,
        "host": host,
        "port": port,
        "public_url": public_url,
        "web_workers": web_workers,
        "role": role,
    }
    try:
        settings = load_settings(flags)
        _run(settings, inherited, clock_shift)
    except RestudioError as error:
        out.error(error)
        raise typer.Exit(1) from None


def _run(settings: Settings, inherited: int | None, clock_shift: float | None) -> None:
    # What is made until the server answers stays for good; looking through it for garbage would only take time.
    gc.disable()
    from restudio.app.serve import serve
    from restudio.app.steered_clock import steered_clock
    from restudio.http.app import build_app

    def on_ready(ready: Settings) -> None:
        gc.freeze()
        gc.enable()
        if inherited is None:
            print(f"Restudio answers at {ready.url} (home: {ready.home}; Ctrl-C stops it)", flush=True)

    clock = None if clock_shift is None else steered_clock(timedelta(seconds=clock_shift), sys.stdin.fileno())
    serve(settings, build_app, inherited=inherited, on_ready=on_ready, clock=clock)
