"""``restudio demo``: the whole loop on real data, or one of the examples, on a server of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from restudio.cli.console import Output
from restudio.cli.demo_data import DemoData, bundled_data, read_data
from restudio.cli.demo_server import DemoServer, demo_server
from restudio.cli.example_loop import ExampleLoop, ExampleReport
from restudio.cli.examples import load_examples
from restudio.cli.loop import Loop, Report
from restudio.cli.pipeline_demo import ABOUT as ABOUT_DESIGNER
from restudio.cli.pipeline_demo import NAME as DESIGNER
from restudio.cli.pipeline_demo import PipelineDemo, PipelineReport, told_of
from restudio.cli.weekly_demo import ABOUT as ABOUT_WEEKLY
from restudio.cli.weekly_demo import BEHIND, ENDPOINT, WeeklyDemo, WeeklyReport, told_of_weeks
from restudio.cli.weekly_demo import NAME as WEEKLY
from restudio.client.blobs import BlobAccount
from restudio.client.client import Client
from restudio.client.credentials import read_credentials
from restudio.core.errors import Kind, RestudioError, nearest

LOOP = "loop"
_ABOUT_LOOP = "train, publish, score, retrain, patch, compare, roll back: the whole loop"

AnyReport = Report | ExampleReport | PipelineReport | WeeklyReport


@dataclass(frozen=True, slots=True)
class Play:
    """A demo on a running server, and how that is to be started."""

    run: Callable[[Client, BlobAccount, DemoServer], AnyReport]
    serve: Sequence[str] = ()


app = typer.Typer()


@app.command("demo")
def demo(
    name: Annotated[str, typer.Argument(help="Which demo; --list tells which there are.")] = LOOP,
    home: Annotated[Path | None, typer.Option(help="Home folder; default: a temporary one.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="A CSV file (or tabs, semicolons); of an example, the public file that it reads."),
    ] = None,
    label: Annotated[str | None, typer.Option(help="The column of the file to predict.")] = None,
    header: Annotated[bool, typer.Option(help="Whether its first line holds names; else Col1, Col2 …")] = True,
    keep: Annotated[bool, typer.Option(help="Leave the server running at the end.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Tell which demos there are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Train, publish, score, retrain, patch, compare, roll back: over HTTP, with real data. Or the name of an
    example: from its experiment to a service that answers by request and by batch."""
    out = Output(as_json=as_json)
    try:
        if list_:
            _list(out)
        else:
            _run(out, _play_of(out, name, data, label, header=header), home, keep)
    except (RestudioError, TimeoutError) as error:
        known = error if isinstance(error, RestudioError) else RestudioError(Kind.TIMEOUT, "Timeout", str(error))
        out.error(known)
        raise typer.Exit(1) from None


def _demos() -> Mapping[str, str]:
    return {
        LOOP: _ABOUT_LOOP,
        DESIGNER: ABOUT_DESIGNER,
        WEEKLY: ABOUT_WEEKLY,
        **{name: example.about for name, example in load_examples().items()},
    }


def _list(out: Output) -> None:
    demos = _demos()
    out.rows(demos, ("demo", "what it shows"), list(demos.items()), empty="None.")


def _play_of(out: Output, name: str, data: Path | None, label: str | None, *, header: bool) -> Play:
    if name == LOOP:
        chosen = _data_of(data, label, header=header)
        return Play(lambda client, account, _: Loop(out, client, account, chosen).run())
    if name == DESIGNER:
        parts = _data_of(data, label, header=header)
        return Play(lambda client, account, _: PipelineDemo(out, client, account, parts).run())
    if name == WEEKLY:
        arriving = _data_of(data, label, header=header)
        serve = (f"--clock-shift={-BEHIND.total_seconds()}", "--web-workers=1")  # one process has that clock
        return Play(lambda client, _, server: WeeklyDemo(out, client, server, arriving).run(), serve)
    examples = load_examples()
    if name not in examples:
        raise RestudioError(
            Kind.NOT_FOUND, "UnknownDemo", f"There is no demo '{name}'.{nearest(name, _demos())}", target=name
        )
    if label is not None or not header:
        raise RestudioError(
            Kind.BAD_ARGUMENT, "BadData", f"--label and --no-header go with {LOOP}, {DESIGNER}, {WEEKLY}."
        )
    return Play(lambda client, account, _: ExampleLoop(out, client, account, name, examples[name], data).run())


def _data_of(file: Path | None, label: str | None, *, header: bool) -> DemoData:
    if (file is None) != (label is None):
        raise RestudioError(Kind.BAD_ARGUMENT, "BadData", "--data FILE and --label COLUMN go together.")
    return bundled_data() if file is None or label is None else read_data(file, label, header=header)


def _run(out: Output, play: Play, home: Path | None, keep: bool) -> None:
    if home is not None or keep:
        folder = home or Path(tempfile.mkdtemp(prefix="restudio-demo-"))
        _in_home(out, play, folder.resolve(), keep)
        return
    with tempfile.TemporaryDirectory(prefix="restudio-demo-") as temporary:
        _in_home(out, play, Path(temporary), keep)


def _in_home(out: Output, play: Play, home: Path, keep: bool) -> None:
    out.note(f"Starting a server in {home} …")
    with demo_server(home, *play.serve, keep=keep) as server:
        credentials = read_credentials(home)
        client = Client.from_home(home)
        out.note(f"Restudio answers at {client.url}")
        report = play.run(client, BlobAccount(credentials.storage_connection_string), server)
        _tell(out, report, server, keep)


def _tell(out: Output, report: AnyReport, server: DemoServer, keep: bool) -> None:
    if not out.as_json:
        out.console.rule("[bold green]Done", align="left", characters="─")
    told = _told(report)
    if keep:
        kept = f"The server keeps running at {report.url}; stop it with: kill {server.process.pid}"
        if out.as_json:
            out.errors.print(kept, markup=False)
        lines = [
            told.found,
            kept,
            *(["Help pages with sample code for your language:"] if told.help else []),
            *(f"  {name:9} {url}" for name, url in told.help.items()),
            "Look around:",
            *(f"  restudio {command} --home {server.home}" for command in ("services list", *told.commands)),
        ]
    else:
        lines = [told.found, *told.hints]
    out.value(report, "\n".join(lines))


@dataclass(frozen=True, slots=True)
class _Told:
    """What a demo found in a line, where its help pages are, what to look at and what to try next."""

    found: str
    help: Mapping[str, str]
    commands: Sequence[str]
    hints: Sequence[str]


def _told(report: AnyReport) -> _Told:
    match report:
        case Report():
            return _told_of_loop(report)
        case PipelineReport():
            return _told_of_designer(report)
        case WeeklyReport():
            return _told_of_weekly(report)
        case _:
            return _told_of_example(report)


def _told_of_designer(report: PipelineReport) -> _Told:
    return _Told(
        told_of(report),
        {"endpoint": report.rest_endpoint},
        (
            f"pipelines endpoints versions '{report.endpoint}'",
            f"pipelines runs list --pipeline {report.pipeline}",
            f"pipelines draft export {report.draft}",
        ),
        (
            "To look around afterwards, keep the server: restudio demo designer --home home --keep",
            "On your own data: restudio demo designer --data FILE.csv --label COLUMN",
        ),
    )


def _told_of_weekly(report: WeeklyReport) -> _Told:
    return _Told(
        told_of_weeks(report),
        {},
        (
            f"endpoints ledger {report.service} {ENDPOINT}",
            f"factory trigger runs --name {report.trigger}",
            "factory runs",
        ),
        (
            f"To look around afterwards, keep the server: restudio demo {WEEKLY} --home home --keep",
            f"On your own data: restudio demo {WEEKLY} --data FILE.csv --label COLUMN",
        ),
    )


def _told_of_loop(report: Report) -> _Told:
    change = f"{report.metric} {report.before:.4f} → {report.after:.4f}, live revision {report.live_revision}"
    return _Told(
        f"{report.data}: {change}",
        report.help,
        (
            f"endpoints ledger {report.predictive_service} fresh",
            f"experiments export {report.experiments['training']}",
            f"doctor {report.help['fresh']}",
        ),
        (
            "To look around afterwards, keep the server: restudio demo --home home --keep",
            "On your own data: restudio demo --data FILE.csv --label COLUMN",
            "More to see: restudio demo --list",
        ),
    )


def _told_of_example(report: ExampleReport) -> _Told:
    return _Told(
        f"{report.example}: trained, published, {report.scored} rows scored by request and by batch",
        {"service": report.help},
        (f"experiments export {report.training_experiment}", f"experiments show-run {report.run}"),
        (f"To look around afterwards, keep the server: restudio demo {report.example} --home home --keep",),
    )
