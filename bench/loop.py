"""What the loop costs on Adult: start of the server, a training run, an unchanged re-run, a patch.

    python -m bench.loop [--rounds 5]

The run stands beside the same work as a straight scikit-learn/LightGBM script in a process whose libraries are loaded,
as those of the server's workers are. The script may let idle threads spin or sleep, whichever is faster on the machine
as it is. Ratios compare the best rounds: the others tell of other work. Results go to bench/results/loop.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from azure.storage.blob import BlobServiceClient
from bench.machine import describe_machine

from restudio.client import Client, Scoring
from restudio.client.credentials import read_credentials
from restudio.client.scoring import blob_input
from restudio.client.types import Location, Run, Service
from restudio.core.errors import RestudioError

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "adult.csv"
RESULTS = Path(__file__).parent / "results" / "loop.md"
LABEL = "income-per-year"
LEARNERS = {"logistic": "two-class-logistic-regression", "trees": "two-class-boosted-decision-tree"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        starts = [timed_start(home) for _ in range(rounds)]
        server = start(home)
        try:
            rows = measure(Client.from_home(home), home, rounds)
        finally:
            stop(server)
    lines = [
        "# The loop on Adult (32,561 rows)",
        "",
        describe_machine(),
        "",
        f"Medians of {rounds} rounds, in brackets the best, whose ratio is given. From `python -m bench.loop`.",
        "",
        "| what | seconds | beside | ratio | target |",
        "|---|---|---|---|---|",
        f"| `restudio serve` until ready, home there already | {statistics.median(starts):.2f} | | | 4 s |",
        *rows,
        "",
    ]
    RESULTS.write_text("\n".join(lines))
    print("\n".join(lines))


def start(home: Path) -> subprocess.Popen[bytes]:
    """A server that is ready."""
    known = home / "credentials.json"
    before = known.stat().st_mtime_ns if known.exists() else 0
    process = subprocess.Popen(
        [sys.executable, "-m", "restudio", "serve", "--home", str(home), "--port", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not known.exists() or known.stat().st_mtime_ns == before or not is_ready(home):
        if process.poll() is not None:
            raise SystemExit("the server ended; start `restudio serve` by hand to see why")
        time.sleep(0.01)
    return process


def is_ready(home: Path) -> bool:
    try:
        return Client.from_home(home).connection.send("GET", "/health/ready").status_code == 200
    except RestudioError:
        return False


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def timed_start(home: Path) -> float:
    begun = time.perf_counter()
    process = start(home)
    took = time.perf_counter() - begun
    stop(process)
    return took


def measure(client: Client, folder: Path, rounds: int) -> list[str]:
    dataset = client.datasets.upload(DATA, name="adult.csv", data_type_id="GenericCSV")
    rows = []
    for learner in LEARNERS:
        runs, again = [], []
        for seed in range(rounds + 1):
            experiment = client.experiments.import_yaml(document(learner, dataset.id, seed))
            runs.append(seconds(run(client, experiment.id)))
            again.append(seconds(run(client, experiment.id)))
        # The first round loads libraries into the workers.
        ours, script = runs[1:], straight(learner, rounds)
        rows.append(
            f"| training run, {learner} | {shown(ours)} | straight script {shown(script)} "
            f"| {min(ours) / min(script):.2f} | 1.3 |"
        )
        rows.append(f"| unchanged re-run, {learner} | {statistics.median(again):.2f} | | | 1 s |")
    return [*rows, f"| PATCH sent until the new model answers | {patching(client, folder, rounds):.2f} | | | 1 s |"]


def shown(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} ({min(times):.2f})"


def run(client: Client, experiment: str) -> Run:
    ended = client.runs.wait(client.experiments.run(experiment).id, pause=0.02)
    if ended.state != "Finished":
        raise SystemExit(f"the run {ended.state}: {ended}")
    return ended


def seconds(ended: Run) -> float:
    return (ended.ended or 0.0) - (ended.started or 0.0)


def document(learner: str, asset: str, seed: int) -> str:
    text = (ROOT / "tests" / "acceptance" / "adult-logistic.experiment.yaml").read_text()
    text = text.replace("ASSET", asset).replace("Random seed: 7", f"Random seed: {seed}")
    if learner == "logistic":
        # No L1 penalty: scikit-learn minimises the same objective by L-BFGS as well only without it.
        module = f"module: {LEARNERS[learner]}"
        return text.replace(module, f"{module}\n    parameters:\n      L1 regularization weight: 0")
    return text.replace(LEARNERS["logistic"], LEARNERS[learner])


def patching(client: Client, folder: Path, rounds: int) -> float:
    """From sending the PATCH until an answer comes from its revision."""
    [dataset] = [d for d in client.datasets.list() if d.name == "adult.csv"]
    experiment = client.experiments.import_yaml(document("trees", dataset.id, 1))
    predictive = client.runs.set_up_web_service(run(client, experiment.id).id).experiment
    training, scoring = publish(client, experiment.id, "training"), publish(client, predictive.id, "scoring")
    endpoint = client.endpoints.add(scoring.id, "endpoint2")
    models = [retrain(client, folder, training, share) for share in (0.4, 0.6)]
    caller = Scoring(endpoint.api_location, endpoint.primary_key)
    row = [line.split(",") for line in DATA.read_text().splitlines()[:2]]
    rows = [{k: v for k, v in zip(*row, strict=True) if k != LABEL}]
    times = []
    for number in range(rounds):
        before = caller.score(rows).revision
        begun = time.perf_counter()
        client.endpoints.patch(scoring.id, endpoint.name, endpoint.resources[0].name, models[number % 2])
        while caller.score(rows).revision == before:
            continue
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def publish(client: Client, experiment: str, name: str) -> Service:
    service = client.services.publish(experiment, name=name)
    client.services.mark_ready(service.id)
    return client.services.approve(service.id)


def retrain(client: Client, folder: Path, service: Service, share: float) -> Location:
    lines = DATA.read_text().splitlines()
    part = folder / f"part-{share}.csv"
    part.write_text("\n".join(lines[: int(len(lines) * share)]) + "\n")
    storage = read_credentials(folder).storage_connection_string
    container = BlobServiceClient.from_connection_string(storage).get_container_client("bench")
    if not container.exists():
        container.create_container()
    container.upload_blob(part.name, part.read_bytes(), overwrite=True)
    default = client.endpoints.get(service.id, "default")
    trainer = Scoring(default.api_location, default.primary_key)
    job = trainer.submit({"input1": blob_input(storage, f"bench/{part.name}")})
    trainer.start(job)
    status = trainer.wait(job)
    if status.results is None:
        raise SystemExit(f"the training job {status.status_code}: {status.details}")
    return status.results["output1"]


def straight(learner: str, rounds: int) -> list[float]:
    """Seconds of every round of the script, in a process of its own, under the better policy for waiting threads."""
    command = [sys.executable, "-m", "bench.straight", learner, str(rounds)]
    found = []
    for policy in ("ACTIVE", "PASSIVE"):
        environment = {**os.environ, "OMP_WAIT_POLICY": policy}
        done = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
        found.append([float(seconds) for seconds in json.loads(done.stdout)["seconds"]])
    return min(found, key=min)


if __name__ == "__main__":
    main()
