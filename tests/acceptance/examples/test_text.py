"""Reviews and companies: as right as their words allow, and a vocabulary that changes with its model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from examples.data.companies import SECTORS
from examples.data.reviews import BAD, GOOD, NEW_BAD, NEW_GOOD
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.utils import murmurhash3_32
from tests.acceptance.examples.conftest import Plays
from tests.acceptance.examples.played import Played, first_part
from tests.acceptance.server import Server

from restudio.client.blobs import BlobAccount
from restudio.client.scoring import Scoring, blob_input

CERTAIN = 0.98
"""The share of rows in which a learner should see what their words say; labels themselves are wrong more often."""


def opinions(texts: Sequence[str]) -> list[int]:
    """1 for praise, 0 for blame, by the words that the reviews were made with."""
    good, bad = {*GOOD, *NEW_GOOD}, {*BAD, *NEW_BAD}
    words = [{word.strip(".,!").casefold() for word in text.split()} for text in texts]
    assert all((len(found & good) > 0) != (len(found & bad) > 0) for found in words)
    return [int(bool(found & good)) for found in words]


def test_reviews_are_read_as_they_were_meant(plays: Plays) -> None:
    scored = plays("review-sentiment").output("score", "Scored dataset")
    found, meant = scored["Scored Labels"].to_list(), opinions(scored["review"].to_list())
    assert accuracy_score(meant, found) >= CERTAIN
    told = plays("review-sentiment").metrics["Accuracy"]
    assert told == pytest.approx(accuracy_score(scored["sentiment"], found), abs=1e-12)
    # No rule of words can do better on these labels, whatever it learns.
    assert told >= accuracy_score(scored["sentiment"], meant) - (1 - CERTAIN)


def test_a_retrained_model_brings_its_vocabulary(plays: Plays, server: Server) -> None:
    played = plays("review-sentiment")
    client, account = played.client, BlobAccount(server.credentials.storage_connection_string)
    training = client.services.publish(played.report.training_experiment)
    client.services.mark_ready(training.id)
    client.services.approve(training.id)
    trainer = client.endpoints.get(training.id, "default")
    endpoint = client.endpoints.add(played.report.predictive_service, "retrained")
    service = Scoring(endpoint.api_location, endpoint.primary_key)

    later = pl.read_csv(played.folder / "new-reviews.csv").slice(600)
    unheard = [text for text in later["review"] if all(word not in text.casefold() for word in (*GOOD, *BAD))]
    before = answers(service, unheard)
    assert accuracy_score(opinions(unheard), before) < 0.8

    account.upload("reviews/new.csv", played.folder / "new-reviews.csv")
    scoring = Scoring(trainer.api_location, trainer.primary_key)
    job = scoring.submit({"training-data": blob_input(account.connection_string, "reviews/new.csv")})
    scoring.start(job)
    result = scoring.wait(job, timeout=120)
    assert result.status_code == "Finished", result.details
    assert result.results is not None

    client.endpoints.patch(
        played.report.predictive_service, "retrained", endpoint.resources[0].name, result.results["model"]
    )
    after = answers(service, unheard)
    assert accuracy_score(opinions(unheard), after) >= CERTAIN
    assert answers(default_of(played), unheard) == before

    client.services.rollback(played.report.predictive_service, "retrained")
    assert answers(service, unheard) == before


def default_of(played: Played) -> Scoring:
    default = played.client.endpoints.get(played.report.predictive_service, "default")
    return Scoring(default.api_location, default.primary_key)


def answers(service: Scoring, texts: Sequence[str]) -> list[int]:
    found = service.score([{"review": text} for text in texts]).outputs["output1"]
    return [int(row["Scored Labels"]) for row in found]


def test_hashed_words_tell_the_sector(plays: Plays) -> None:
    played = plays("feature-hashing")
    texts = played.output("preprocess", "Results dataset")
    counts = np.zeros((len(texts), 512))
    for row, text in enumerate(texts["Preprocessed text"]):
        for word in text.replace("|", " ").split():
            counts[row, murmurhash3_32(word, 0, positive=True) & 511] += 1
    hashed = played.output("hash", "Transformed dataset").select(
        [f"Preprocessed text - Hashing feature {at + 1}" for at in range(512)]
    )
    assert (hashed.to_numpy() == counts).all()

    first = first_part(len(texts), 0.7, 8)
    sectors = texts["sector"].to_numpy()
    about = np.array([max(SECTORS, key=lambda s: sum(word in t for word in SECTORS[s].split()))
                      for t in texts["text"].str.to_lowercase()])  # fmt: skip
    found = played.output("score", "Scored dataset")["Scored Labels"].to_numpy()
    assert accuracy_score(about[~first], found) >= CERTAIN
    library = LogisticRegression(C=1.0, max_iter=2000).fit(counts[first], sectors[first])
    assert (library.predict(counts[~first]) == found).mean() >= CERTAIN
    assert played.metrics["Overall accuracy"] == pytest.approx(accuracy_score(sectors[~first], found), abs=1e-12)
