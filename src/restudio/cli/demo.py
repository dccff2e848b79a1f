"""``restudio demo``: the whole loop on real data, on a server of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from restudio.cli.console import Output
from restudio.cli.demo_data import DemoData, bundled_data, read_data
from restudio.cli.demo_server import DemoServer, demo_server
from restudio.cli.loop import Loop, Report
from restudio.client.blobs import BlobAccount
from restudio.client.client import Client
from restudio.client.credentials import read_credentials
from restudio.core.errors import Kind, RestudioError, nearest

DEMOS = ("loop",)


def add_demo(app: typer.Typer) -> None:
    """Register the command."""

    @app.command("demo")
    def demo(
        name: Annotated[str, typer.Argument(help="Which demo.")] = "loop",
        home: Annotated[Path | None, typer.Option(help="Home folder; default: a temporary one.")] = None,
        data: Annotated[Path | None, typer.Option(help="A CSV file (or tabs, semicolons).")] = None,
        label: Annotated[str | None, typer.Option(help="The column of the file to predict.")] = None,
        header: Annotated[bool, typer.Option(help="Whether its first line holds names; else Col1, Col2 …")] = True,
        keep: Annotated[bool, typer.Option(help="Leave the server running at the end.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    ) -> None:
        """Train, publish, score, retrain, patch, compare, roll back: over HTTP, with real data."""
        out = Output(as_json=as_json)
        try:
            if name not in DEMOS:
                raise RestudioError(
                    Kind.NOT_FOUND, "UnknownDemo", f"There is no demo '{name}'.{nearest(name, DEMOS)}", target=name
                )
            _run(out, _data_of(data, label, header=header), home, keep)
        except (RestudioError, TimeoutError) as error:
            known = error if isinstance(error, RestudioError) else RestudioError(Kind.TIMEOUT, "Timeout", str(error))
            out.error(known)
            raise typer.Exit(1) from None


def _data_of(file: Path | None, label: str | None, *, header: bool) -> DemoData:
    if (file is None) != (label is None):
        raise RestudioError(Kind.BAD_ARGUMENT, "BadData", "--data FILE and --label COLUMN go together.")
    return bundled_data() if file is None or label is None else read_data(file, label, header=header)


def _run(out: Output, data: DemoData, home: Path | None, keep: bool) -> None:
    if home is not None or keep:
        folder = home or Path(tempfile.mkdtemp(prefix="restudio-demo-"))
        _in_home(out, data, folder.resolve(), keep)
        return
    with tempfile.TemporaryDirectory(prefix="restudio-demo-") as temporary:
        _in_home(out, data, Path(temporary), keep)


def _in_home(out: Output, data: DemoData, home: Path, keep: bool) -> None:
    out.note(f"Starting a server in {home} …")
    with demo_server(home, keep=keep) as server:
        credentials = read_credentials(home)
        client = Client.from_home(home)
        out.note(f"Restudio answers at {client.url}")
        report = Loop(out, client, BlobAccount(credentials.storage_connection_string), data).run()
        _tell(out, report, server, keep)


def _tell(out: Output, report: Report, server: DemoServer, keep: bool) -> None:
    if not out.as_json:
        out.console.rule("[bold green]Done", align="left", characters="─")
    lines = [
        f"{report.data}: {report.metric} {report.before:.4f} → {report.after:.4f}, live revision {report.live_revision}"
    ]
    if keep:
        lines += [
            f"The server keeps running at {report.url}; stop it with: kill {server.process.pid}",
            "Help pages with sample code for your language:",
            *(f"  {name:9} {url}" for name, url in report.help.items()),
            "Look around:",
            f"  restudio services list --home {server.home}",
            f"  restudio endpoints ledger {report.predictive_service} fresh --home {server.home}",
            f"  restudio experiments export {report.experiments['training']} --home {server.home}",
            f"  restudio doctor {report.help['fresh']} --home {server.home}",
        ]
    else:
        lines += [
            "To look around afterwards, keep the server: restudio demo --home home --keep",
            "On your own data: restudio demo --data FILE.csv --label COLUMN",
        ]
    out.value(report, "\n".join(lines))
