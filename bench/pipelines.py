"""What designer pipelines cost on Adult: the submit call, many at once, and what runs over several paths share.

    python -m bench.pipelines [--calls 100] [--paths 10]

All calls go to a server of its own on loopback over open connections. Results go to bench/results/pipelines.md.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.loop import start, stop
from bench.machine import describe_machine

from restudio.client import Client
from restudio.client.blobs import BlobAccount
from restudio.client.credentials import read_credentials
from restudio.client.pipeline_types import PipelineRun

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "adult.csv"
PIPELINE = ROOT / "examples" / "pipelines" / "adult.pipeline.yaml"
RESULTS = Path(__file__).parent / "results" / "pipelines.md"
STORE, CONTAINER = "workspaceblobstore", "azureml-blobstore"
AT_ONCE = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--paths", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        server = start(home)
        try:
            rows = measure(home, asked.calls, asked.paths)
        finally:
            stop(server)
    lines = [
        "# Designer pipelines on Adult (32,561 rows)",
        "",
        describe_machine(),
        "",
        "Reproduce with `python -m bench.pipelines`.",
        "",
        "| what | figure | target |",
        "|---|---|---|",
        *rows,
        "",
    ]
    RESULTS.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def measure(home: Path, calls: int, paths: int) -> list[str]:
    client = Client.from_home(home)
    account = BlobAccount(read_credentials(home).storage_connection_string)
    pipeline, halves = prepare(client, account, paths)
    first = client.pipeline_runs.wait(client.published.submit(pipeline).id)
    assert first.ended_well, first
    return [*submit_calls(client, pipeline, calls), *at_once(client, pipeline), *over_paths(client, halves, paths)]


def prepare(client: Client, account: BlobAccount, paths: int) -> tuple[str, str]:
    """The example's pipeline published, and one that learns from a path and is judged on fixed rows."""
    client.datasets.upload(DATA)
    header, *lines = DATA.read_text().splitlines()
    for number in range(paths):
        part = "\n".join([header, *lines[number::paths], ""])
        account.upload(f"{CONTAINER}/adult/{number}/rows.csv", part.encode())
    text = PIPELINE.read_text()
    judged = text.replace("Dataset: split / Results dataset1", "Dataset: fresh / dataset").replace(
        "  adult:\n",
        "  fresh:\n    module: dataset\n    linked parameters:\n      asset: fresh\n  adult:\n",
    )
    judged = judged.replace("parameters:\n  census:", "parameters:\n  fresh:\n    type: DataSource\n  census:", 1)
    publish = client.drafts.publish
    return publish(client.drafts.import_yaml(text).id).id, publish(client.drafts.import_yaml(judged).id).id


def submit_calls(client: Client, pipeline: str, calls: int) -> list[str]:
    taken, runs = [], []
    for _ in range(calls):
        begun = time.perf_counter()
        runs.append(client.published.submit(pipeline).id)
        taken.append((time.perf_counter() - begun) * 1000)
        client.pipeline_runs.wait(runs[-1], pause=0.02)
    middle, late = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    return [
        f"| submit call, {calls} one after another: median, 95th percentile | {middle:.1f} ms, {late:.1f} ms | 50 ms |"
    ]


def at_once(client: Client, pipeline: str) -> list[str]:
    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(
            pool.map(lambda _: client.pipeline_runs.wait(client.published.submit(pipeline).id), range(AT_ONCE))
        )
    seconds = time.perf_counter() - begun
    good, hits = sum(run.ended_well for run in ended), sum(run.reused for run in ended)
    told = f"{good} finished, {hits} of {sum(len(r.steps) for r in ended)} steps reused, all done after {seconds:.1f} s"
    return [f"| {AT_ONCE} submits at once of a cached pipeline | {told} | none failed |"]


def over_paths(client: Client, pipeline: str, paths: int) -> list[str]:
    rows = []
    for what in (f"{paths} runs over {paths} data paths", "the same once more"):
        begun = time.perf_counter()
        ended = [_on_path(client, pipeline, number) for number in range(paths)]
        seconds = time.perf_counter() - begun
        hits, steps = sum(run.reused for run in ended), sum(len(run.steps) for run in ended)
        assert all(run.ended_well for run in ended)
        unchanged = ", ".join(step.id for step in ended[-1].steps if step.is_reused)
        rows.append(
            f"| {what} | {hits} of {steps} steps reused ({unchanged}), {seconds:.1f} s | every unchanged step |"
        )
    return rows


def _on_path(client: Client, pipeline: str, number: int) -> PipelineRun:
    run = client.published.submit(pipeline, data={"fresh": (STORE, f"adult/{number}")})
    return client.pipeline_runs.wait(run.id, pause=0.05)


if __name__ == "__main__":
    main()
