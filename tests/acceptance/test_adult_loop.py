"""Train, publish, score, retrain, patch, roll back: on real data, by HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

import httpx
import pytest
from azure.storage.blob import BlobClient
from sklearn import metrics
from tests.acceptance.adult import LABEL, Loop

from restudio.artifacts.container import read_bundle
from restudio.artifacts.values import Model
from restudio.client.types import Location, Revision
from restudio.core.cells import text_of
from restudio.core.registry import Registry

MINIMUM_AUC = {"logistic": 0.90, "trees": 0.92}
SAMPLE = 400


@pytest.fixture(scope="module")
def retrained(loop: Loop) -> Location:
    return loop.retrain(loop.folder / "rest.csv")


@pytest.fixture
def ledger(loop: Loop) -> Iterator[Sequence[Revision]]:
    """The endpoint's revisions before the test; what was live is live again after it."""
    before = loop.client.services.ledger(loop.predictive.id, loop.endpoint.name)
    yield before
    [live] = [r for r in before if r.live]
    now = loop.client.services.ledger(loop.predictive.id, loop.endpoint.name)
    if not any(r.live and r.resources == live.resources for r in now):
        loop.client.services.rollback(loop.predictive.id, loop.endpoint.name, live.id)


def learner_of(loop: Loop) -> str:
    return "trees" if "trees" in loop.training.name else "logistic"


def test_evaluation_is_good_and_equals_scikit_learn(loop: Loop) -> None:
    [told] = loop.client.runs.preview(loop.run.id, "evaluate", "Evaluation results").records()
    path = loop.folder / "scored.csv"
    loop.client.runs.download(loop.run.id, "score", "Scored dataset", path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    truth = [row[LABEL] == ">50K" for row in rows]
    scores = [float(row["Scored Probabilities"]) for row in rows]
    labels = [row["Scored Labels"] == ">50K" for row in rows]
    assert told["AUC"] == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-12)
    assert told["AUC"] >= MINIMUM_AUC[learner_of(loop)]
    assert told["Accuracy"] == pytest.approx(metrics.accuracy_score(truth, labels), abs=1e-12)
    assert told["Precision"] == pytest.approx(metrics.precision_score(truth, labels), abs=1e-12)
    assert told["Recall"] == pytest.approx(metrics.recall_score(truth, labels), abs=1e-12)
    assert told["Average Log Loss"] == pytest.approx(metrics.log_loss(truth, scores), abs=1e-9)


def test_callers_need_not_send_the_label_but_may(loop: Loop) -> None:
    row = loop.rows[0]
    assert loop.scoring.score([row]).outputs == loop.scoring.score([{**row, LABEL: "<=50K"}]).outputs


def test_retrained_model_is_patched_and_answers(loop: Loop, ledger: Sequence[Revision], retrained: Location) -> None:
    sample = loop.rows[:SAMPLE]
    before = loop.labels(sample)
    answer = loop.patch(retrained)
    after = loop.labels(sample)
    assert before != after
    now = loop.client.services.ledger(loop.predictive.id, loop.endpoint.name)
    assert len(now) == len(ledger) + 1
    [live] = [r for r in now if r.live]
    assert live.id == loop.scoring.score(sample[:1]).revision
    assert live.id in str(answer)
    assert after == predictions(BlobClient.from_blob_url(retrained.url).download_blob().readall(), sample)


def predictions(container: bytes, rows: Sequence[dict[str, str]]) -> list[tuple[str, str]]:
    """What the model in the file says by itself, without the service."""
    model = read_bundle(container).model
    predict = Registry.collect("restudio.modules")[model.learner].predictor
    assert predict is not None
    kernel = predict(model)
    found = []
    for row in rows:
        cells = [typed(model, position, row) for position in range(len(model.features))]
        label, probability = kernel.one(cells)
        found.append((str(label), text_of(probability)))
    return found


def typed(model: Model, position: int, row: dict[str, str]) -> object:
    column = model.features[position]
    text = row[column.name]
    return {"Integer": int, "Double": float}.get(column.dtype.value, str)(text)


def test_the_same_patch_twice_is_one_revision(loop: Loop, ledger: Sequence[Revision], retrained: Location) -> None:
    loop.patch(retrained)
    loop.patch(retrained)
    assert len(loop.client.services.ledger(loop.predictive.id, loop.endpoint.name)) == len(ledger) + 1


def test_dry_run_changes_nothing(loop: Loop, ledger: Sequence[Revision], retrained: Location) -> None:
    before = loop.labels(loop.rows[:SAMPLE])
    loop.patch(retrained, dry_run=True)
    assert loop.client.services.ledger(loop.predictive.id, loop.endpoint.name) == ledger
    assert loop.labels(loop.rows[:SAMPLE]) == before


def test_rollback_restores_the_old_answers(loop: Loop, ledger: Sequence[Revision], retrained: Location) -> None:
    before = loop.labels(loop.rows[:SAMPLE])
    loop.patch(retrained)
    assert loop.labels(loop.rows[:SAMPLE]) != before
    [old] = [r for r in ledger if r.live]
    loop.client.services.rollback(loop.predictive.id, loop.endpoint.name, old.id)
    assert loop.labels(loop.rows[:SAMPLE]) == before
    assert len(loop.client.services.ledger(loop.predictive.id, loop.endpoint.name)) == len(ledger) + 2


def test_batch_scoring_equals_request_response_on_every_row(loop: Loop) -> None:
    path = loop.folder / "to-score.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(loop.rows[0]))
        writer.writeheader()
        writer.writerows(loop.rows)
    job = loop.scoring.submit({"input1": loop.upload(path.name, path)})
    loop.scoring.start(job)
    status = loop.scoring.wait(job, timeout=120)
    assert status.status_code == "Finished", status.details
    assert status.results is not None
    content = BlobClient.from_blob_url(status.results["output1"].url).download_blob().readall()
    batch = list(csv.DictReader(io.StringIO(content.decode())))
    assert len(batch) == len(loop.rows)
    for start in range(0, len(loop.rows), 1000):
        answers = loop.scoring.score(loop.rows[start : start + 1000]).outputs["output1"]
        assert answers == batch[start : start + 1000]


def test_default_endpoint_keeps_its_model(loop: Loop, ledger: Sequence[Revision], retrained: Location) -> None:
    default = loop.client.endpoints.get(loop.predictive.id, "default")
    body = {"Inputs": {"input1": list(loop.rows[:50])}, "GlobalParameters": {}}
    url = f"{default.api_location}/execute?api-version=2.0&format=swagger"
    headers = {"Authorization": f"Bearer {default.secondary_key}"}
    before = httpx.post(url, json=body, headers=headers).json()
    loop.patch(retrained)
    assert httpx.post(url, json=body, headers=headers).json() == before
